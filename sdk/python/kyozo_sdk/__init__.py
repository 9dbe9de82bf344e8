"""The Kyozo deployment platform from Python: `KyozoAPI`, and `AsyncKyozoAPI` for asyncio.

```python
from kyozo_sdk import KyozoAPI

with KyozoAPI(api_token=TOKEN, team_id=TEAM, base_url="http://127.0.0.1:7070/api/v1") as api:
    for service in api.services.iterate():
        print(service.name, service.status)
```
"""

from kyozo_sdk import models
from kyozo_sdk.client import AsyncKyozoAPI, KyozoAPI
from kyozo_sdk.errors import (
    ChangedError,
    ConflictError,
    ConnectionFailedError,
    ForbiddenError,
    ForeignAnswerError,
    InvalidError,
    KyozoError,
    NotFoundError,
    OperationFailedError,
    RateLimitedError,
    TimedOutError,
    UnauthorizedError,
    UnavailableError,
    WaitTimeoutError,
)
from kyozo_sdk.modes import Stream
from kyozo_sdk.pages import Page
from kyozo_sdk.records import Answer, RateLimit, Record
from kyozo_sdk.retry import Retry
from kyozo_sdk.watching import Subscription

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "AsyncKyozoAPI",
    "ChangedError",
    "ConflictError",
    "ConnectionFailedError",
    "ForbiddenError",
    "ForeignAnswerError",
    "InvalidError",
    "KyozoAPI",
    "KyozoError",
    "NotFoundError",
    "OperationFailedError",
    "Page",
    "RateLimit",
    "RateLimitedError",
    "Record",
    "Retry",
    "Stream",
    "Subscription",
    "TimedOutError",
    "UnauthorizedError",
    "UnavailableError",
    "WaitTimeoutError",
    "models",
]
