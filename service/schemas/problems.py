"""A problem as RFC 9457 describes it: the answer to a request, and the failure of a round or a job."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Place(BaseModel):
    """Where in the request something is wrong: a JSON pointer, or a row and column of a table."""

    model_config = ConfigDict(extra="allow")

    pointer: str | None = Field(default=None, description="JSON pointer (RFC 6901)")
    source: Literal["query", "header", "cookie"] | None = Field(
        default=None, alias="in", description="when not the body"
    )
    row: int | None = Field(default=None, description="of the table")
    column: str | None = Field(default=None, description="as the table names it")
    detail: str = Field(description="what is wrong and how to mend it")


class Failure(BaseModel):
    """Why a round or a job failed; whatever else is known of it stands beside these."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(default="about:blank", description="a stable name of the kind of problem")
    title: str = Field(description="the kind in a few words")
    status: Annotated[int, Field(ge=400, le=599, description="the HTTP status that fits")]
    detail: str = Field(description="what is wrong and how to mend it")


class Problem(BaseModel):
    """Every error has this shape."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:assayflow:problem:unprocessable",
                    "title": "The payload is not valid",
                    "status": 422,
                    "detail": "/objectives/0/direction: Input should be 'maximize', 'minimize' or 'target'",
                    "instance": "/v1/campaigns",
                    "errors": [
                        {
                            "pointer": "/objectives/0/direction",
                            "detail": "Input should be 'maximize', 'minimize' or 'target'",
                        }
                    ],
                }
            ]
        },
    )

    type: str = Field(description="a stable name of the kind of problem")
    title: str = Field(description="the kind in a few words")
    status: Annotated[int, Field(ge=400, le=599, description="the HTTP status")]
    detail: str = Field(description="what is wrong and how to mend it")
    instance: str = Field(description="the path that was called")
    errors: list[Place] = Field(default_factory=list, description="every place that is wrong")
