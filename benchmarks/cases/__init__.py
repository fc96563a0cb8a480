"""What is measured."""

from __future__ import annotations

from benchmarks.cases import (
    evicted_upload,
    imports,
    in_flight,
    pictures_base64,
    pictures_url,
    plain_upload,
    slow_disk_upload,
    small_answers,
    tls_upload,
    upload_sizes,
    verbose_json,
)

__all__ = ["CASES"]

_ALL = (
    tls_upload.CASE,
    plain_upload.CASE,
    evicted_upload.CASE,
    slow_disk_upload.CASE,
    upload_sizes.CASE,
    small_answers.CASE,
    in_flight.CASE,
    verbose_json.CASE,
    pictures_base64.CASE,
    pictures_url.CASE,
    imports.CASE,
)
CASES = {case.name: case for case in _ALL}
