"""What a command raises when it cannot do what was asked."""


class CommandError(ValueError):
    """Refused or failed; the message is for the user and needs no traceback. Status 1."""


class UsageError(ValueError):
    """Arguments that do not go together; the usage is printed with it. Status 2."""
