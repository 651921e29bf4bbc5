"""What services raise."""


class NotFound(Exception):
    """The thing asked for does not exist, or not for this user."""


class Conflict(Exception):
    """The change contradicts what is already stored."""
