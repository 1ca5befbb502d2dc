"""Reading one thing, in the vocabulary of Powertools for AWS Lambda."""

from __future__ import annotations

from preheat.reader import BELOW, OBJECT, PARAMETER, SECRET, Reader
from preheat.values import field_of, members_of, transformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO, Literal, TypedDict, TypeVar, overload

    from typing_extensions import Unpack

    from preheat.values import Transform

    T = TypeVar("T")

    class Freshness(TypedDict, total=False):
        """Options of every read."""

        max_age: float | None
        force_fetch: bool

    class SecretOptions(Freshness, total=False):
        """Options of a secret."""

        stage: str | None
        version: str | None

    class ParameterOptions(Freshness, total=False):
        """Options of a parameter."""

        version: int | str | None
        label: str | None
        decrypt: bool

    class TreeOptions(Freshness, total=False):
        """Options of what lies below a path."""

        recursive: bool
        decrypt: bool

    class ObjectOptions(Freshness, total=False):
        """Options of an object."""

        version: str | None


class Singles(Reader):
    """One secret, one parameter, what lies below a path, one object.

    All take ``max_age``, ``force_fetch`` and ``transform``. ``max_age``: at most so many seconds old; the sidecar
    fetches anew what it holds longer. ``max_age=0`` passes over this process's memory only: the sidecar answers, by its
    own time to live. ``force_fetch=True``: from AWS, now.

    ``transform``: ``"json"``, ``"binary"`` (base64), or a callable. Each read transforms anew, so nobody finds in a
    dictionary what another reader has put there.
    """

    if TYPE_CHECKING:

        @overload
        def get_secret(
            self, name: str, *, field: str, transform: None = None, **options: Unpack[SecretOptions]
        ) -> str: ...
        @overload
        def get_secret(
            self, name: str, *, field: None = None, transform: None = None, **options: Unpack[SecretOptions]
        ) -> str | Any: ...
        @overload
        def get_secret(
            self, name: str, *, field: str | None = None, transform: Literal["json"], **options: Unpack[SecretOptions]
        ) -> Any: ...
        @overload
        def get_secret(
            self, name: str, *, field: str | None = None, transform: Literal["binary"], **options: Unpack[SecretOptions]
        ) -> bytes: ...
        @overload
        def get_secret(
            self,
            name: str,
            *,
            field: str | None = None,
            transform: Callable[[Any], T],
            **options: Unpack[SecretOptions],
        ) -> T: ...

    def get_secret(
        self,
        name: str,
        *,
        field: str | None = None,
        transform: Transform = None,
        max_age: float | None = None,
        force_fetch: bool = False,
        stage: str | None = None,
        version: str | None = None,
    ) -> Any:
        """A secret by name, ARN or alias: its text; bytes where it is binary.

        ``field``: a top-level key of a JSON secret, as text. While the secret is in memory all its fields are of one
        version. ``stage``, ``version``: another than AWSCURRENT.
        """
        key = (SECRET, name, stage, version)
        entry = None if force_fetch else self._held(key, max_age)
        if entry is None:
            question = self._questions.get(key)
            if question is None:
                from preheat import targets

                question = self._remember(key, targets.secret(name, stage, version))
            entry = self._read(key, question, max_age, force_fetch)
        if field is None:
            return entry.value if transform is None else transformed(entry.value, transform, key)
        return transformed(field_of(entry, field, key), transform, key)

    if TYPE_CHECKING:

        @overload
        def get_parameter(self, name: str, *, transform: None = None, **options: Unpack[ParameterOptions]) -> str: ...
        @overload
        def get_parameter(
            self, name: str, *, transform: Literal["json"], **options: Unpack[ParameterOptions]
        ) -> Any: ...
        @overload
        def get_parameter(
            self, name: str, *, transform: Literal["binary"], **options: Unpack[ParameterOptions]
        ) -> bytes: ...
        @overload
        def get_parameter(
            self, name: str, *, transform: Callable[[str], T], **options: Unpack[ParameterOptions]
        ) -> T: ...

    def get_parameter(
        self,
        name: str,
        *,
        transform: Transform = None,
        max_age: float | None = None,
        force_fetch: bool = False,
        version: int | str | None = None,
        label: str | None = None,
        decrypt: bool = True,
    ) -> Any:
        """A parameter's value, by name, ARN or alias; a SecureString decrypted, unless ``decrypt=False``."""
        key = (PARAMETER, name, version, label, decrypt)
        entry = None if force_fetch else self._held(key, max_age)
        if entry is None:
            question = self._questions.get(key)
            if question is None:
                from preheat import targets

                question = self._remember(key, targets.parameter(name, version, label, decrypt))
            entry = self._read(key, question, max_age, force_fetch)
        return entry.value if transform is None else transformed(entry.value, transform, key)

    if TYPE_CHECKING:

        @overload
        def get_parameters(
            self, path: str, *, transform: None = None, **options: Unpack[TreeOptions]
        ) -> dict[str, str]: ...
        @overload
        def get_parameters(
            self, path: str, *, transform: Literal["json"], **options: Unpack[TreeOptions]
        ) -> dict[str, Any]: ...
        @overload
        def get_parameters(
            self, path: str, *, transform: Literal["binary"], **options: Unpack[TreeOptions]
        ) -> dict[str, bytes]: ...
        @overload
        def get_parameters(
            self, path: str, *, transform: Callable[[str], T], **options: Unpack[TreeOptions]
        ) -> dict[str, T]: ...

    def get_parameters(
        self,
        path: str,
        *,
        transform: Transform = None,
        max_age: float | None = None,
        force_fetch: bool = False,
        recursive: bool = True,
        decrypt: bool = True,
    ) -> dict[str, Any]:
        """The parameters below a path: what their names have after it -> value. ``recursive=False``: one level."""
        key = (BELOW, path, recursive, decrypt)
        entry = None if force_fetch else self._held(key, max_age)
        if entry is None:
            question = self._questions.get(key)
            if question is None:
                from preheat import targets

                question = self._remember(key, targets.below(path, recursive, decrypt))
            entry = self._read(key, question, max_age, force_fetch)
        members = members_of(entry, path, key)
        if transform is None:
            return members.copy()
        return {name: transformed(value, transform, (PARAMETER, name)) for name, value in members.items()}

    if TYPE_CHECKING:

        @overload
        def get_object(
            self, uri: str, *, into: None = None, transform: None = None, **options: Unpack[ObjectOptions]
        ) -> bytes: ...
        @overload
        def get_object(
            self, uri: str, *, into: None = None, transform: Literal["json"], **options: Unpack[ObjectOptions]
        ) -> Any: ...
        @overload
        def get_object(
            self, uri: str, *, into: None = None, transform: Literal["binary"], **options: Unpack[ObjectOptions]
        ) -> bytes: ...
        @overload
        def get_object(
            self, uri: str, *, into: None = None, transform: Callable[[bytes], T], **options: Unpack[ObjectOptions]
        ) -> T: ...
        @overload
        def get_object(
            self, uri: str, *, into: BinaryIO, transform: None = None, **options: Unpack[ObjectOptions]
        ) -> int: ...

    def get_object(
        self,
        uri: str,
        *,
        into: BinaryIO | None = None,
        transform: Transform = None,
        max_age: float | None = None,
        force_fetch: bool = False,
        version: str | None = None,
    ) -> Any:
        """An S3 object's bytes: ``s3://bucket/key``, or its alias. What is larger than 1 MB is not kept in memory.

        ``into``: write them to this binary file object as they come, and return how many; they are of one version. A
        failure in the middle raises, and leaves there what was written.
        """
        key = (OBJECT, uri, version)
        if into is not None:
            if transform is not None:
                raise ValueError("what is written into a file can't be transformed")
            return self._pour(key, self._object_question(key), max_age, force_fetch, into)
        entry = None if force_fetch else self._held(key, max_age)
        if entry is None:
            entry = self._read(key, self._object_question(key), max_age, force_fetch)
        return entry.value if transform is None else transformed(entry.value, transform, key)

    def get_file(
        self, uri: str, *, max_age: float | None = None, force_fetch: bool = False, version: str | None = None
    ) -> str:
        """The path of an S3 object that is listed with ``file=true`` or above 16 MB: to be mapped or opened, read-only.

        The file never changes. A newer version is another file; this one's path leads to it until the present
        invocation is over, and whoever has it open by then keeps it. ``NotFound`` where there is no file.
        """
        key = (OBJECT, uri, version)
        return self._path(key, self._object_question(key), max_age, force_fetch)

    def _object_question(self, key: tuple[str, str, str | None]) -> bytes:
        question = self._questions.get(key)
        if question is None:
            from preheat import targets

            question = self._remember(key, targets.s3_object(*key[1:]))
        return question
