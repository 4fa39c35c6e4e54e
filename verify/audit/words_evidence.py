"""The words of findings about evidence and of the signals for a person to look at. Pure data; see `words`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_WORDS: Final = {
    "EVIDENCE_UNREADABLE": ("不是可读取的证据文件。", "Not an evidence document that can be read."),
    "EVIDENCE_NOT_LOGGED": (
        "证据中的声明不是账本此处的条目。",
        "A statement in the evidence is not what the log holds at this place.",
    ),
    "EVIDENCE_LEFT_OUT": (
        "账本中该班级的这一条目不在证据中，未能核对。",
        "The log holds this act of the class and the evidence does not show it.",
    ),
    "EVIDENCE_CLASS_UNKNOWN": (
        "账本中没有该班级或其评价规范，证据无法核对。",
        "The log knows no such class or standard, so the evidence could not be checked.",
    ),
    "EVIDENCE_NOT_SHOWN": (
        "证据未打开这一条目的内容。",
        "The evidence does not open the contents of this entry.",
    ),
    "OPENING_WITHHELD": (
        "证据没有打开这一条目，而账本中并无对它生效的删除令。",
        "The evidence opens nothing here, and no order in force in the log has erased this entry.",
    ),
    "ENTRIES_ERASED": (
        "该班级有 {n} 个条目的个人信息已依令删除，其背后的内容不再可核对。",
        "{n} entries of the class were erased by order; what stood behind them cannot be checked any more.",
    ),
    "RESULTS_NOT_RECOMPUTED": (
        "因内容未全部打开或不符，成绩未能重算。",
        "Not everything opens, so the results could not be recomputed.",
    ),
    "PASSED_UNDESERVED": (
        "按评价规范重算该学员未合格（{reasons}），却列入合格名单。",
        "Recomputed under the standard this candidate has not passed ({reasons}), yet is listed as passed.",
    ),
    "PASSED_OMITTED": (
        "按评价规范重算该学员合格，却未列入合格名单。",
        "Recomputed under the standard this candidate has passed, and is not listed as passed.",
    ),
    "SHEET_OFF_ROSTER": (
        "评分表中有名册以外的人。",
        "A sheet scores a candidate who is not on the roster.",
    ),
    "CERTIFICATE_NAME_OTHER": (
        "证书上的姓名与名册上该学员的姓名不同。",
        "The name on the certificate is not the candidate's name on the roster.",
    ),
    "NUMBER_REPEATED": (
        "证书编号与另一条目（{first}）相同。",
        "The certificate number is the one of another entry ({first}).",
    ),
    "SIGNAL_A05": (
        "合格率高于同项目其他评价机构 {z} 个标准误（阈值 {limit}）。",
        "The pass rate lies {z} standard errors above that of other bodies in the project (limit {limit}).",
    ),
    "SIGNAL_A05_ALL": (
        "{n} 个班级全部合格，无一人不合格。",
        "Nobody failed in any of {n} classes.",
    ),
    "SIGNAL_A07": (
        "一名考评员一天内评分 {n} 人（阈值 {limit}）。",
        "One evaluator scored {n} candidates on one day (limit {limit}).",
    ),
    "SIGNAL_A09": (
        "在 7 时至 22 时以外或休息日颁发 {n} 张证书。",
        "{n} certificates were issued outside 07 to 22 h, or on a day of rest.",
    ),
    "SIGNAL_A10": (
        "遴选后 {days} 天内颁发 {n} 张证书。",
        "{n} certificates were issued within {days} days of the appointment.",
    ),
    "SIGNAL_A16": (
        "{of} 个编号中作废 {n} 个。",
        "{n} of {of} numbers were voided.",
    ),
    "SIGNAL_KEY": (
        "{n} 张证书由该密钥在其泄露之后签名，需逐张复核。",
        "{n} certificates were signed with this key after it was compromised: each needs a second look.",
    ),
    "NUMBERS_NOT_CHECKED": (
        "账本缺少评价机构或区的代码，编号未能核对。",
        "The log lacks the code of body or district, so numbers were not checked.",
    ),
}

EVIDENCE_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(_WORDS)
