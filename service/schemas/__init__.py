"""What travels over the wire, as pydantic models read from stored rows.

The body of a campaign is `CampaignSpec`.
"""
