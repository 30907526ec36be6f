"""The errors that a user can cause and mend; anything else that is raised is a mistake of ours."""


class RdcalciumError(Exception):
    """Says in one sentence what was given, what is possible, and what to try."""


class InputError(RdcalciumError, ValueError):
    """Something that was given cannot be used."""
