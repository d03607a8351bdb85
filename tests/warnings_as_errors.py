"""Options of Python that make warnings errors in processes that tests start, as pytest makes them in its own."""

# But not of the compile cache: two workers share it, and one may read an entry that the other is still writing, or that
# a process left behind which a test killed, or whose disk a test made small.
_CACHE = (f"ignore:Error {what} persistent compilation cache entry:UserWarning" for what in ("reading", "writing"))
OPTIONS = ("-W", "error", *(word for rule in _CACHE for word in ("-W", rule)))
