"""What all contenders must know of the service."""

from __future__ import annotations

__all__ = ["BASE64", "KEY", "PICTURES", "SPEECH", "VERBOSE", "VERSION", "images", "transcriptions"]

KEY = "key"
VERSION = "2024-10-21"
SPEECH = "whisper"
VERBOSE = "whisper-verbose"
PICTURES = "dall-e-3"
BASE64 = "dall-e-3-base64"


def transcriptions(endpoint: str, deployment: str) -> str:
    """Return where recordings go."""
    return f"{endpoint}/openai/deployments/{deployment}/audio/transcriptions?api-version={VERSION}"


def images(endpoint: str, deployment: str) -> str:
    """Return where prompts go."""
    return f"{endpoint}/openai/deployments/{deployment}/images/generations?api-version={VERSION}"
