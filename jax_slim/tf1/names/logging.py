"""The logger."""

NAMES = {
    f"logging.{_name}": f"python.logging:{_name}"
    for _name in [
        "DEBUG",
        "INFO",
        "WARN",
        "ERROR",
        "FATAL",
        "log",
        "debug",
        "info",
        "warn",
        "warning",
        "error",
        "fatal",
        "vlog",
        "log_first_n",
        "log_every_n",
        "log_if",
        "get_verbosity",
        "set_verbosity",
        "flush",
        "TaskLevelStatusMessage",
    ]
}
NAMES["get_logger"] = "python.logging:get_logger"
NAMES["logging._get_logger"] = NAMES["logging.get_logger"] = "python.logging:get_logger"
