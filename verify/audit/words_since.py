"""The words of what a checkpoint kept from before shows. Pure data; see `words`."""

from __future__ import annotations

from typing import Final

SINCE_WORDS: Final = {
    "SINCE_UNREADABLE": ("留存的检查点无法读取。", "The checkpoint you kept cannot be read."),
    "SINCE_ORIGIN": (
        "留存的检查点上是另一个账本名称。",
        "The checkpoint you kept is of another origin.",
    ),
    "SINCE_CUT_OFF": (
        "原账本在您留存时已有 {n} 条，而接续声明只承认 {of} 条：其后的条目被舍弃。",
        "The earlier log had {n} entries when you kept this; the log that goes on owns up to {of}.",
    ),
    "SINCE_EARLIER_LOG": (
        "留存的检查点属于原账本的较早时刻；请用原账本的文件或镜像比对。",
        "The checkpoint you kept is an older one of the earlier log: compare it with that log's files.",
    ),
    "SINCE_CONTINUED": (
        "本账本正是从您留存的检查点接续的。",
        "This log goes on from the very checkpoint you kept.",
    ),
    "SINCE_LARGER": (
        "账本比留存的检查点（大小 {n}）更小：尾部条目被删除或账本被回退。",
        "The log is smaller than the checkpoint you kept (size {n}): its tail was dropped or it went back.",
    ),
    "SINCE_FORK": (
        "账本在留存检查点的大小处是另一个树根：历史被改写或账本分叉。",
        "At the size of the checkpoint you kept this log has another root: it was rewritten, or it forked.",
    ),
    "SINCE_NOT_COMPARED": (
        "因条目缺失，未能与留存的检查点比对。",
        "Entries are missing, so the log could not be compared with the checkpoint you kept.",
    ),
    "SINCE_SIGNATURE": (
        "留存的检查点没有本账本任何检查点密钥的有效签名。",
        "No checkpoint key this log ever named signed the checkpoint you kept.",
    ),
}
