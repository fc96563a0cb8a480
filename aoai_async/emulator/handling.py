"""One operation request from its first byte to its answer."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import attrs
from aiohttp import web

from aoai_async.emulator import refusals
from aoai_async.emulator.answers import Answer, RefusalError
from aoai_async.emulator.faults import Faults
from aoai_async.emulator.gateway import Call, Gateway, Verdict
from aoai_async.emulator.intake import Intake, Upload
from aoai_async.emulator.journal import Journal
from aoai_async.emulator.operations import Operation
from aoai_async.emulator.sending import drop, gateway_headers, send

__all__ = ["OperationHandler", "Perform"]

Perform = Callable[[Call, Upload], Awaitable[Answer]]


@attrs.frozen
class OperationHandler:
    """Answers the requests of one operation.

    The gateway judges on arrival, and then the body is read whatever the verdict was: a client may look for the
    answer only after its last byte, and the journal should show what arrived.

    Attributes:
        operation: The operation.
        perform: Carries out a call that passed.
        gateway: Judges.
        intake: Reads.
        faults: Spoils.
        journal: Records.
        region: The value of `x-ms-region`.
    """

    operation: Operation
    perform: Perform
    gateway: Gateway
    intake: Intake
    faults: Faults
    journal: Journal
    region: str

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        record = self.journal.open(request)
        fault = self.faults.take(self.operation)
        call = _call(request, self.operation)
        replacement = fault.replacement(call, request.headers)
        verdict = self.gateway.judge(call, request.headers) if replacement is None else Verdict(replacement)
        async with self.intake.receive(request, self.operation.kind, fault.cut_after_read) as upload:
            self._record(record, upload)
            if fault.cut_after_read is not None:
                return drop(request)
            answer = verdict.refusal or await self._carried_out(call, upload, verdict)
        await asyncio.sleep(fault.delay)
        answer = fault.changed(answer.adding(gateway_headers(request, call.request_id, self.region)))
        self.journal.amend(record, status=answer.status)
        return await send(request, answer, fault.cut_after_sent)

    def _record(self, number: int, upload: Upload) -> None:
        parts = tuple(part.record() for part in upload.parts)
        self.journal.amend(number, size=upload.size, parts=parts, json=upload.document)

    async def _carried_out(self, call: Call, upload: Upload, verdict: Verdict) -> Answer:
        try:
            answer = upload.flaw or await self.perform(call, upload)
        except RefusalError as refused:
            answer = refused.answer
        except TimeoutError:
            answer = refusals.overdue()
        return answer.adding({"x-ratelimit-remaining-requests": str(verdict.remaining)})


def _call(request: web.Request, operation: Operation) -> Call:
    deployment, api_version = request.match_info["deployment"], request.query.get("api-version", "")
    host = request.headers.get("Host", "localhost")
    return Call(operation, deployment, api_version, str(uuid4()), f"{request.scheme}://{host}")
