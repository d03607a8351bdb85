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
for _name in (
    "all_summary_ops always_record_summaries audio create_file_writer create_summary_file_writer eval_dir flush generic graph histogram image import_event "
    "initialize never_record_summaries record_summaries_every_n_global_steps scalar should_record_summaries summary_writer_initializer_op"
).split():
    NAMES[f"contrib.summary.{_name}"] = NAMES[f"python.ops.summary_ops_v2.{_name}"] = f"contrib.summaries:{_name}"
NAMES["contrib.summary.SummaryWriter"] = "contrib.summaries:SummaryWriter"
NAMES["summary.all_v2_summary_ops"] = "contrib.summaries:all_summary_ops"
NAMES["summary.initialize"] = "contrib.summaries:initialize"
