"""What may be wrong with the cadastre as a whole. Single bad features are no error: they go to quarantine."""


class CadastreError(RuntimeError):
    """The file, or its site's YAML, cannot be used; the message (Spanish) names the file and says what to do."""
