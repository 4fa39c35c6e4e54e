"""The words of what the auditor itself finds: a stable code, Chinese, English. Pure data.

`{n}` and the like are filled with counts, sizes and days only. The words of refusals that rules and codecs
raise are in `refusals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from verify.audit.words_evidence import EVIDENCE_WORDS
from verify.audit.words_since import SINCE_WORDS

_WORDS: Final = {
    # Checkpoint and its signature lines.
    "CHECKPOINT_MISSING": (
        "未找到检查点；请指定含有 checkpoint 文件的账本目录。",
        "There is no checkpoint here: name the directory of the log, which holds the file checkpoint.",
    ),
    "SIGNATURE_LINE_UNKNOWN": (
        "检查点上的一行签名不属于账本密钥，也不属于见证策略中的任何见证方。",
        "A signature line on the checkpoint is by no key of the policy: neither the log's nor a witness's.",
    ),
    "SIGNATURE_LINES_UNKNOWN": (
        "没有见证策略，{n} 行签名无法判明归属；请用 --policy 或 --trust 提供策略。",
        "Without a witness policy {n} signature lines belong to nobody known: give --policy or --trust.",
    ),
    "SIGNATURE_LINE_BAD": (
        "检查点上的一行签名声称由已知密钥签署，但验证不通过。",
        "A signature line on the checkpoint claims a known key and does not verify.",
    ),
    "SIGNATURE_LINE_TWICE": (
        "检查点上同一行签名出现两次。",
        "The same signature line stands twice on the checkpoint.",
    ),
    "LOG_SIGNATURE_MISSING": (
        "检查点没有账本自身密钥的有效签名。",
        "The checkpoint bears no valid signature by the log's own key.",
    ),
    "LOG_KEY_UNKNOWN": (
        "账本中没有可用的检查点密钥，无法核对检查点签名。",
        "The log names no checkpoint key that could be used, so the checkpoint's signature was not checked.",
    ),
    "ORIGIN_OTHER": (
        "检查点上的账本名称与创世记录不一致。",
        "The checkpoint bears another origin than the genesis of the log.",
    ),
    "POLICY_OTHER_LOG": (
        "见证策略中的账本密钥与账本自身的检查点密钥不一致。",
        "The witness policy is for another log key than the one the log itself names.",
    ),
    "POLICY_NOT_APPOINTED": (
        "见证策略所列见证方并非账本中的行为所指定；请取得最新的账本与策略再核查，仍不一致则不可采信。",
        "The witness policy names other witnesses than the acts of the log appoint: fetch log and policy "
        "anew; if they still differ, do not rely on it.",
    ),
    "POLICY_UNREADABLE": ("见证策略无法读取。", "The witness policy cannot be read."),
    "POLICY_UNPINNED": (
        "见证策略由账本方自行提供，未经固定；请与本区留存的策略核对。",
        "The witness policy is the one the log itself offers; compare it with the one you hold.",
    ),
    "QUORUM_MISSED": (
        "检查点的见证签名为 {n} 个，未达到见证策略要求的 {needed} 个；达到之前不得支付资金。",
        "{n} witnesses cosigned the checkpoint, the policy needs {needed}; no money is payable before.",
    ),
    "ROOT_MISMATCH": (
        "按全部条目重算的树根与检查点不一致。",
        "The entries do not lead to the root that the checkpoint signs.",
    ),
    # Files of the log.
    "FILE_MISSING": ("账本应有的文件缺失。", "A file that a log of this size must have is missing."),
    "FILE_UNAVAILABLE": ("文件无法读取。", "A file could not be read."),
    "FILE_FULL_INSTEAD": (
        "部分文件已由完整文件取代，已按完整文件核对。",
        "The partial file is gone; the full file at its place was read instead.",
    ),
    "BUNDLE_TORN": (
        "条目文件的字节与其应有的条目数不符。",
        "The bytes of an entry bundle are not the entries of its width.",
    ),
    "TILE_WIDTH": ("哈希分片的长度不正确。", "A hash tile has not the length of its width."),
    "TILE_DIFFERS": (
        "哈希分片与按条目重算的结果不一致。",
        "A hash tile does not hold what the entries below it hash to.",
    ),
    "ENTRY_ALTERED": (
        "该条目的字节被改动：签名检查点下的树在此处是另一个哈希。",
        "The bytes of this entry were altered: the tree under the signed checkpoint holds another hash here.",
    ),
    "ENTRY_AND_TILE_DIFFER": (
        "该条目与哈希分片不一致，且两者都不能导出检查点的树根。",
        "This entry and its hash tile disagree, and neither leads to the root of the checkpoint.",
    ),
    "REST_NOT_READ": (
        "连续缺少文件，此后的条目未读取。",
        "Several files in a row are missing; the entries from here on were not read.",
    ),
    "TREE_NOT_RECOMPUTED": (
        "因条目缺失，未能重算整棵树。",
        "Entries are missing, so the tree could not be recomputed.",
    ),
    "FILE_UNEXPECTED": (
        "该文件不属于此账本，或内容与账本不符。",
        "This file is no part of the log, or does not agree with it.",
    ),
    "FILE_LEFTOVER_DIFFERS": (
        "旧的部分文件与现有条目不一致：这里曾发布过另一种内容。",
        "An older partial file does not begin as the log does: other content was published here once.",
    ),
    "FILES_LEFT_OVER": (
        "有 {n} 个早先检查点留下的部分文件，内容与账本一致。",
        "{n} partial files of earlier checkpoints are still there; they agree with the log.",
    ),
    "FILES_AHEAD": (
        "有 {n} 个文件属于下一个检查点，与现有条目连续一致；尚未签署，不作数。",
        "{n} files belong to a checkpoint yet to come and continue the log; nothing signs them yet.",
    ),
    "FILE_SCRATCH": (
        "发布程序的临时文件：正在写的文件，或尚待清理的部分文件的记号。",
        "A scratch file of the publisher: what it is writing, or where it has yet to tidy.",
    ),
    "FULL_DIFFERS": (
        "checkpoint.full 与 checkpoint 条数相同而内容不同：同一大小签出了两个检查点。",
        "checkpoint.full has the size of checkpoint and other content: one size, two checkpoints.",
    ),
    "FULL_OF_ANOTHER_SIZE": (
        "checkpoint.full 与 checkpoint 的大小不同：发布程序正在更换二者，或上次发布中断。",
        "checkpoint.full is of another size: a publisher is replacing both, or its last run broke off.",
    ),
    # Replay.
    "GENESIS_ABSENT": ("账本没有已生效的创世记录。", "The log has no genesis in force."),
    "GENESIS_OTHER": (
        "账本的创世指纹与固定值不一致：这不是同一个账本。",
        "The genesis of this log is not the pinned one: this is another log.",
    ),
    "GENESIS_UNPINNED": (
        "创世指纹取自账本本身；请与公布的指纹逐字比对。",
        "The genesis was taken from the log itself: compare this fingerprint with the published one.",
    ),
    "STATEMENT_TWICE": (
        "同一声明编号已在 seq {first} 出现：声明被重放。",
        "A statement with this id stands at seq {first} already: it was replayed.",
    ),
    "KIND_UNKNOWN": (
        "本程序不认识的行为种类或版本，无法判断；此后的结论只是部分结论。",
        "An act of a kind or version this program does not know; what follows could be judged only in part.",
    ),
    "RULES_UNKNOWN": (
        "账本使用本程序不认识的规则版本。",
        "The log runs under a version of the rules that this program does not know.",
    ),
    "JUDGED_AFTER_GAP": (
        "此前有条目无法读取或判断，其后 {n} 条行为的权限无法核对（首条见位置）。",
        "Earlier entries could not be read or judged, so the authority of {n} later acts was not checked.",
    ),
    # What only the whole shows.
    "EVALUATION_TWICE": ("同一班级的评价被确认两次。", "The evaluation of one class is confirmed twice."),
    "SHEET_NOT_LOGGED": (
        "评价所依据的评分表不在账本中，或不属于该班级。",
        "The evaluation rests on a sheet that the log does not hold for this class.",
    ),
    "SHEET_LEFT_ASIDE": (
        "评价遗漏了账本中该班级已有的评分表。",
        "The evaluation leaves out a sheet that the log holds for this class.",
    ),
    "EVALUATORS_TOO_FEW": (
        "评分的考评员为 {n} 人，少于评价规范要求的 {needed} 人。",
        "{n} different evaluators scored, fewer than the {needed} the standard demands.",
    ),
    "EVALUATOR_ANSWERS": (
        "签发人自己给该班级评过分。",
        "The signatory scored this class as well.",
    ),
    "CERTIFICATE_UNFOUNDED": (
        "证书没有对应的、已确认的评价，或持证人不在合格名单中。",
        "No confirmed evaluation stands behind this certificate, or its candidate did not pass it.",
    ),
    "NUMBER_TWICE": (
        "同一合格学员的编号被使用两次（颁发或作废）。",
        "The number of one passed candidate is used twice (issued or voided).",
    ),
    "CERTIFICATE_CAME_BACK": ("证书撤销或注销之后又有记载。", "Said of a certificate that has ended."),
    "CREDENTIAL_TWICE": ("同一凭证用于两张证书。", "Two certificates bear one credential."),
    "STATUS_SLOT_TWICE": (
        "状态列表的同一位置被两次使用。",
        "One place of a status list is given out twice.",
    ),
    "NULLIFIER_TWICE": (
        "同一人的项目或名额被两份有效申领同时占用（另一份见 seq {first}）。",
        "Two live claims hold one person's project or slot (the other is at seq {first}).",
    ),
    "NUMBER_OUTSTANDING": (
        "合格已超过 72 小时，编号既未颁发也未作废。",
        "More than 72 hours after the confirmation this number is neither issued nor voided.",
    ),
    "NUMBERS_PENDING": (
        "有 {n} 个编号在 72 小时期限内尚未颁发或作废。",
        "{n} numbers are neither issued nor voided yet, within their 72 hours.",
    ),
    "NUMBERS_LATE": (
        "有 {n} 个编号在确认 72 小时之后才颁发或作废。",
        "{n} numbers were issued or voided later than 72 hours after the confirmation.",
    ),
    # The bundle.
    "TRUST_UNREADABLE": ("不是可读取的信任包。", "Not a trust bundle that can be read."),
    "TRUST_OFFERED": (
        "信任包取自账本所在的网址；手机和程序得到的应与此相同。",
        "The bundle was taken from the log's own address; phones and programs should be given the same.",
    ),
    "TRUST_AHEAD": (
        "信任包对应的账本大小为 {n}，大于本账本：账本被回退，或所审计的是旧副本。",
        "The bundle was made at size {n}, larger than this log: the log went back, or this is an old copy.",
    ),
    "TRUST_ACT_MISSING": (
        "信任包遗漏了账本中的一项行为；离线核验人将看不到它。",
        "The bundle leaves out an act of the log; offline verifiers would not learn of it.",
    ),
    "TRUST_ACT_INVENTED": (
        "信任包含有账本中此位置没有的行为。",
        "The bundle holds an act that the log does not hold at this place.",
    ),
    "TRUST_ACT_DIFFERS": (
        "信任包中的行为与账本中的内容或时间不一致。",
        "An act in the bundle differs from the log's, in bytes or in time.",
    ),
    "TRUST_KEY_OTHER": (
        "信任包给出的账本密钥与账本自身的检查点密钥不一致。",
        "The bundle gives another log key than the checkpoint key the log names.",
    ),
    "TRUST_FORK": (
        "信任包内检查点的树根与本账本在该大小的树根不一致：账本分叉。",
        "The checkpoint in the bundle has another root than this log at that size: a fork.",
    ),
    "TRUST_CHECKPOINT_OTHER": (
        "信任包内检查点的名称或大小与信任包不一致。",
        "The checkpoint in the bundle is of another origin or size than the bundle.",
    ),
    "TRUST_ACT_UNSEEN": (
        "账本此处的条目无法读取，信任包中的行为未能比对。",
        "The entry here could not be read, so the act in the bundle was not compared.",
    ),
    "TRUST_ACT_UNDECIDED": (
        "之前有条目无法读取：自此起有 {n} 条行为是否应在包中，无从判断。",
        "Entries before could not be read: whether {n} acts from here on belong in the bundle is open.",
    ),
    "STATUS_LIST_DIFFERS": (
        "状态列表与按账本重算的结果有 {n} 处不同；离线核验人会看到错误的状态。",
        "The status list differs from the recomputed one in {n} places; verifiers would see wrong states.",
    ),
    "STATUS_LIST_MISSING": (
        "信任包缺少一个已有证书的状态列表。",
        "The bundle lacks a status list in which certificates stand.",
    ),
    "STATUS_LIST_TWICE": ("信任包中有两个同号的状态列表。", "The bundle holds two lists of one number."),
    "STATUS_LIST_NUMBER": (
        "状态列表自身的编号与信任包中的编号不一致。",
        "A status list bears another number inside than in the bundle.",
    ),
    "STATUS_LIST_SIZE": (
        "状态列表对应的账本大小与信任包不一致。",
        "A status list was computed at another size than the bundle names.",
    ),
    "STATUS_NOT_COMPARED": (
        "重放不完整，状态列表未能逐位比对。",
        "The replay is incomplete, so the status lists could not be compared.",
    ),
    # Against times that witnesses wrote.
    "ENTRY_BACKDATED": (
        "该条目的时间比见证方签署不含它的检查点早十分钟以上：条目被倒签，或发布严重延迟。",
        "More than ten minutes after its time a witness still saw the log without this entry: it was "
        "back-dated, or published that late.",
    ),
    "ENTRY_POSTDATED": (
        "见证方签署含有该条目的检查点时，比条目自称的时间早十分钟以上。",
        "A witness cosigned this entry more than ten minutes before the time it bears.",
    ),
    "AHEAD_OF_CLOCK": (
        "最新条目的时间晚于本次审计的时间。",
        "The newest entry bears a later time than that of this audit.",
    ),
}

WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({**_WORDS, **SINCE_WORDS, **EVIDENCE_WORDS})
