"""Measurements side by side: this client, openai-python, bare aiohttp, curl."""
