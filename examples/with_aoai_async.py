"""Speech to text and prompts to pictures, the same script for openai-python and for aoai_async.

``with_openai.py`` and ``with_aoai_async.py`` differ in their import only. Both take a recording as argument, and
endpoint, key and version from AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY and OPENAI_API_VERSION.
"""

import asyncio
import sys
from pathlib import Path

from aoai_async import AsyncAzureOpenAI, BadRequestError, NotFoundError


async def main(recording: Path) -> None:
    async with AsyncAzureOpenAI(timeout=120, max_retries=1) as client:
        plain = await client.audio.transcriptions.create(model="whisper", file=recording)
        print("json:", plain.text)

        verbose = await client.audio.transcriptions.create(
            model="whisper",
            file=recording,
            response_format="verbose_json",
            language="en",
            temperature=0,
            timestamp_granularities=["word", "segment"],
        )
        print("verbose_json:", verbose.language, verbose.duration)
        for segment in verbose.segments or []:
            print(f"  {segment.start:5.2f} {segment.end:5.2f}{segment.text}")
        for word in verbose.words or []:
            print(f"  {word.start:5.2f} {word.end:5.2f} {word.word}")

        with recording.open("rb") as file:
            text = await client.audio.transcriptions.create(model="whisper", file=file, response_format="text")
        print("text:", repr(text))
        named = (recording.name, recording.read_bytes())
        srt = await client.audio.transcriptions.create(model="whisper", file=named, response_format="srt")
        print("srt:", repr(srt))
        vtt = await client.audio.translations.create(model="whisper", file=recording, response_format="vtt")
        print("vtt:", repr(vtt))

        made = await client.images.generate(
            model="dall-e-3", prompt="a corgi in a field", n=1, size="1792x1024", quality="hd", style="natural"
        )
        print("picture:", made.data[0].revised_prompt, made.data[0].url is not None)
        raw = await client.images.with_raw_response.generate(
            model="dall-e-3", prompt="the sea at night", response_format="b64_json"
        )
        print("raw:", raw.status_code, raw.headers["x-ms-region"], len(raw.parse().data[0].b64_json or ""))

        try:
            await client.with_options(max_retries=0).images.generate(model="no-such-deployment", prompt="nothing")
        except NotFoundError as error:
            print("refused:", error.status_code, error.code)
        try:
            await client.images.generate(model="dall-e-3", prompt="")
        except BadRequestError as error:
            print("refused:", error.status_code, error.type)


asyncio.run(main(Path(sys.argv[1])))
