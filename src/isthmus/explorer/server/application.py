"""The explorer as a FastAPI application: the page at `/` and the API at `/api`."""

from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from isthmus import __version__
from isthmus.errors import DataError, RunError, UsageError
from isthmus.explorer.batcher import BusyError
from isthmus.explorer.server.api import Pending, router
from isthmus.explorer.server.content import JSON, content_type
from isthmus.explorer.server.openapi import add_bounds, description, refusals
from isthmus.explorer.service import Service

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_ANSWERED = (
    Pending, RequestValidationError, StarletteHTTPException, BusyError, DataError, UsageError, RunError, Exception,
)  # fmt: skip


class Application(FastAPI):
    """The page and the API of one run; `Guard` and `BodyLimit` belong before it.

    Args:
        service: What answers.
    """

    def __init__(self, service: Service) -> None:
        # No pages of documentation: they load scripts from other machines.
        super().__init__(
            title=f"isthmus explore: {service.run.path.resolve().name}",
            version=__version__,
            description=description(service),
            openapi_url="/api/openapi.json",
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            responses=refusals(401, 403, 406, 429),
            exception_handlers=dict.fromkeys(_ANSWERED, _answer),
        )
        self.state.service = service
        self.include_router(router)
        for file in (files("isthmus.explorer") / "page").iterdir():
            if file.is_file():
                self._add_page_file(file.name, file.read_bytes())

    def openapi(self) -> dict[str, Any]:
        """The description of the API: FastAPI's, with the bounds of this run."""
        return add_bounds(super().openapi(), self.state.service)

    def _add_page_file(self, name: str, content: bytes) -> None:
        # Not by `StaticFiles`: its types are the system's, and on Windows JavaScript may be text there.
        kind = _TYPES[f".{name.rpartition('.')[2]}"]

        async def endpoint(_: Request) -> Response:
            return Response(content, media_type=kind)

        self.add_route("/" if name == "index.html" else f"/{name}", endpoint, include_in_schema=False)


async def _answer(request: Request, error: Any) -> Response:
    """The response to a request that failed: why, in a sentence."""
    match error:
        case Pending():
            progress = {"done": error.job.done, "total": error.job.total}
            return JSONResponse(progress, 202, {"Retry-After": "1"})
        case StarletteHTTPException():
            return _refusal(error.status_code, str(error.detail).removesuffix("."), error.headers)
        case RequestValidationError():
            return _invalid(request, error)
        case BusyError():
            return _refusal(503, "Too much is waiting to be computed; try again", {"Retry-After": "1"})
        case DataError() | UsageError():
            return _refusal(422, str(error))
        case RunError():
            return _refusal(500, str(error))
        case _:
            return _refusal(500, "An unexpected error occurred; the explorer continues")


def _invalid(request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])  # behind "body" or "query"
    is_empty = first["type"] == "missing" and not place and content_type(request) == JSON
    if first["type"] == "json_invalid" or is_empty:
        return _refusal(400, "Expected a body of valid JSON")
    return _refusal(422, f"{place[:200]}: {first['msg']}" if place else first["msg"])


def _refusal(status: int, why: str, headers: Any = None) -> Response:
    why = why.encode("utf-8", "replace").decode()  # a name in a request may hold half a character
    return JSONResponse({"error": why}, status, headers)
