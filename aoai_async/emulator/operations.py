"""The three operations the emulator offers, with every name the service gives to each."""

from typing import Literal

import attrs

__all__ = ["Kind", "Operation", "OPERATIONS", "IMAGES", "TRANSCRIPTIONS", "TRANSLATIONS"]

Kind = Literal["audio", "image"]


@attrs.frozen
class Operation:
    """One operation of the API reference.

    Attributes:
        path: What follows the deployment in the URL.
        kind: The kind of deployment it needs.
        apim_name: The gateway's name for it, in the header `apim-operation-name` and in quota messages.
        capability: The name by which a deployment of the other kind refuses it.
    """

    path: str
    kind: Kind
    apim_name: str
    capability: str


TRANSCRIPTIONS = Operation("audio/transcriptions", "audio", "Audio_Transcriptions", "audioTranscription")
TRANSLATIONS = Operation("audio/translations", "audio", "Audio_Translations", "audioTranslation")
IMAGES = Operation("images/generations", "image", "ImageGenerations_Create", "imageGeneration")
OPERATIONS = (TRANSCRIPTIONS, TRANSLATIONS, IMAGES)
