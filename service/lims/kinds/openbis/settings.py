"""What an administrator says of an openBIS server: places, names of properties, and an account."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from service.lims.contract import StrictModel


class OpenbisSettings(StrictModel):
    """Where an openBIS server keeps samples and experiments."""

    space: str = Field(min_length=1, max_length=100, description="code of the space of samples, as in LAB")
    project: str = Field(
        min_length=1,
        max_length=100,
        description="code of the project in it that takes batches, as in SCREENING",
    )
    is_project_sample: bool = Field(
        default=True, description="whether samples belong to the project too, or to the space alone"
    )
    order_type: str = Field(
        "DEFAULT_EXPERIMENT", min_length=1, max_length=100, description="type of the experiments of batches"
    )
    name_property: str | None = Field(
        None, max_length=100, description="property of samples for the readable name, as in NAME, if any"
    )
    status_property: str | None = Field(
        None, max_length=100, description="property of samples and batches for what happened, if any"
    )
    date_property: str | None = Field(
        None, max_length=100, description="TIMESTAMP property of results: when it was measured, if any"
    )
    page_size: int = Field(100, ge=1, le=1000, description="samples whose results are read at once")

    @property
    def project_path(self) -> str:
        """The project with its space, as openBIS identifies it."""
        return f"/{self.space}/{self.project}"

    @field_validator("*")
    @classmethod
    def _in_capitals(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value


class OpenbisCredentials(StrictModel):
    """Either a personal access token, or the name and password of an account."""

    personal_access_token: SecretStr | None = Field(None, description="token that begins with $pat-")
    user: str | None = Field(None, max_length=200, description="name of an account, with its password")
    password: SecretStr | None = Field(None, description="password of the account")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        is_login = self.user is not None and self.password is not None
        is_any_login = self.user is not None or self.password is not None
        if (self.personal_access_token is not None) == is_any_login or is_login != is_any_login:
            message = "give a personal access token, or a user and its password"
            raise ValueError(message)
        return self
