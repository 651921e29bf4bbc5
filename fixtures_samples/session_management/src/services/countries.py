"""ISO 3166-1 country codes of the markets we serve."""

ALPHA3_TO_ALPHA2 = {
    "AUT": "AT",
    "BEL": "BE",
    "CAN": "CA",
    "CHE": "CH",
    "CZE": "CZ",
    "DEU": "DE",
    "DNK": "DK",
    "ESP": "ES",
    "EST": "EE",
    "FIN": "FI",
    "FRA": "FR",
    "GBR": "GB",
    "IRL": "IE",
    "ISL": "IS",
    "ITA": "IT",
    "JPN": "JP",
    "NLD": "NL",
    "NOR": "NO",
    "NZL": "NZ",
    "POL": "PL",
    "PRT": "PT",
    "SWE": "SE",
    "USA": "US",
}


def to_alpha2(code: str) -> str:
    """The two-letter code for a two- or three-letter one."""
    cleaned = code.strip().upper()
    if cleaned in ALPHA3_TO_ALPHA2:
        return ALPHA3_TO_ALPHA2[cleaned]
    if cleaned in ALPHA3_TO_ALPHA2.values():
        return cleaned
    raise ValueError(f"unknown country code {code!r}")
