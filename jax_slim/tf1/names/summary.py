"""Summaries and what writes them."""

NAMES = {
    f"summary.{_name}": f"python.summary:{_name}"
    for _name in [
        "scalar",
        "histogram",
        "image",
        "audio",
        "text",
        "tensor_summary",
        "merge",
        "merge_all",
        "get_summary_description",
        "initialize",
    ]
}
NAMES |= {
    "summary.FileWriter": "python.summary_writer:FileWriter",
    "summary.FileWriterCache": "python.summary_writer:FileWriterCache",
    "train.SummaryWriter": "python.summary_writer:FileWriter",
    "train.SummaryWriterCache": "python.summary_writer:FileWriterCache",
    "train.summary_iterator": "files.events:summary_iterator",
    "summary.Summary": "files.protos:Summary",
    "summary.Event": "files.protos:Event",
    "summary.SessionLog": "files.protos:SessionLog",
    "summary.SummaryDescription": "files.protos:SummaryDescription",
    "summary.TaggedRunMetadata": "files.protos:TaggedRunMetadata",
    "Summary": "files.protos:Summary",
    "SummaryMetadata": "files.protos:SummaryMetadata",
    "Event": "files.protos:Event",
    "SessionLog": "files.protos:SessionLog",
    "LogMessage": "files.protos:LogMessage",
    "HistogramProto": "files.protos:HistogramProto",
    "scalar_summary": "python.summary:scalar",
    "merge_summary": "python.summary:merge",
    "merge_all_summaries": "python.summary:merge_all",
}
