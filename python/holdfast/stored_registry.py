"""A registry read from its folder or bucket. The first write to a folder starts a service."""

from __future__ import annotations

from functools import wraps
from typing import Any

from .core.errors import HoldfastError, quoted
from .store.folder import FolderStore
from .store.store_registry import StoreRegistry


class ThroughService:
    """A method that a service runs: that of this program, which the first call starts."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, registry: StoredRegistry | None, owner: type) -> Any:
        from .service_registry import ServiceRegistry  # loads what speaks HTTP

        @wraps(getattr(ServiceRegistry, self._name))
        def call(*arguments: Any, **options: Any) -> Any:
            assert registry is not None
            return getattr(registry.through_service(), self._name)(*arguments, **options)

        return call


class StoredRegistry(StoreRegistry):
    """A registry read from its store, without a service; the first write to a folder starts one."""

    def through_service(self) -> Any:
        """Returns the registry behind a service, which writes need."""
        if not isinstance(self._store, FolderStore):
            message = f"Cannot do this with {quoted(self.location)}: it needs a service"
            hint = "Run `holdfast serve` for the bucket, and use holdfast.connect(URL)."
            raise HoldfastError("Unsupported", message, hint)
        from .local_service import own_service  # loads what starts programs

        return own_service(self.location)

    save = ThroughService()
    publish = ThroughService()
    annotate = ThroughService()
    delete = ThroughService()
    undelete = ThroughService()
    deleted = ThroughService()
    draft = ThroughService()
    run = ThroughService()
    runs = ThroughService()
    set_alias = ThroughService()
    rollback_alias = ThroughService()
    delete_alias = ThroughService()
    save_many = ThroughService()
    __setitem__ = ThroughService()
    __delitem__ = ThroughService()
