"""What a verdict says to people, in Chinese and English: states, steps, reasons. Pure data.

Promises: every state has a title and says what to do next; every code of a step has a sentence in both
languages (a code of the rooms below falls back to its step's own sentence). Never a value of a certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from issuers.acts.reasons import REASONS


@dataclass(frozen=True, slots=True)
class Words:
    """One meaning in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class StateWords:
    """`icon` is one character that can be told apart without colour."""

    icon: str
    title: Words
    advice: Words


STATE_WORDS: Final[dict[str, StateWords]] = {
    "valid": StateWords(
        "✔",
        Words("真实有效", "Genuine and in force"),
        Words("请将姓名与持证人的身份证件核对。", "Compare the name with the holder's identity card."),
    ),
    "not_logged": StateWords(
        "✘",
        Words("有签名，但账本中没有此证", "Signed, but the log has no such certificate"),
        Words(
            "不要采信。请联系发证机构或主管部门核实。",
            "Do not rely on it. Ask the evaluation body or the authority.",
        ),
    ),
    "could_not_check": StateWords(
        "?",
        Words("未能核验", "Could not be checked"),
        Words(
            "这既不说明为真，也不说明为假。请按各步骤的提示补齐材料，再重新核验。",
            "This says neither true nor false. Supply what the steps say is missing, then check again.",
        ),
    ),
    "suspended": StateWords(
        "‖",
        Words("真实证书，现已暂扣", "Genuine, suspended at present"),
        Words(
            "暂扣期间不得使用。请向发证机构了解情况。",
            "It may not be used while suspended. Ask the evaluation body.",
        ),
    ),
    "revoked": StateWords(
        "⊘",
        Words("已撤销", "Revoked"),
        Words("不得再使用。请向发证机构了解原因。", "It may no longer be used. Ask the evaluation body why."),
    ),
    "cancelled": StateWords(
        "⊖",
        Words("已注销", "Cancelled"),
        Words(
            "不得再使用。注销不等于持证人有过错，请向发证机构了解原因。",
            "It may no longer be used. That does not mean the holder did wrong: ask the evaluation body why.",
        ),
    ),
    "superseded": StateWords(
        "↻",
        Words("已换发，此为旧证", "Superseded by a newer certificate"),
        Words("请持证人出示新证。", "Ask the holder for the newer certificate."),
    ),
    "expired": StateWords(
        "⌛",
        Words("真实证书，已过有效期", "Genuine, but expired"),
        Words("请持证人出示有效期内的证书。", "Ask the holder for a certificate that is still in its time."),
    ),
    "tampered": StateWords(
        "✘",
        Words("内容被改动，或二维码系拼接而成", "The content was altered, or the code was pieced together"),
        Words(
            "不要采信，也不要相信上面的任何内容。请向主管部门举报。",
            "Do not rely on anything it says. Report it to the authority.",
        ),
    ),
    "unknown_issuer": StateWords(
        "✘",
        Words("签名方未经登记", "Signed by nobody the registry knows"),
        Words(
            "请先更新信任包再核验；如果结果不变，不要采信。",
            "Update the trust bundle and check again; if it stays so, do not rely on it.",
        ),
    ),
    "out_of_scope": StateWords(
        "✘",
        Words("签发时无权签发此证", "Its signer was not entitled to issue it"),
        Words("不要采信。请联系主管部门核实。", "Do not rely on it. Ask the authority."),
    ),
    "not_yet_valid": StateWords(
        "◷",
        Words("尚未生效", "Not yet valid"),
        Words("请先检查本机时钟，再重新核验。", "Check the clock of this machine, then check again."),
    ),
    "unreadable": StateWords(
        "?",
        Words("无法识读", "Unreadable"),
        Words(
            "请重新扫描完整、清晰的二维码，并核对网址。",
            "Scan the whole code again, sharp, and compare the address.",
        ),
    ),
}

STEP_NAMES: Final[dict[int, Words]] = {
    1: Words("识读", "Read"),
    2: Words("解码", "Decode"),
    3: Words("信任链", "Trust"),
    4: Words("密钥", "Key"),
    5: Words("签名", "Signature"),
    6: Words("验证码", "Code"),
    7: Words("发证资格", "Issuer"),
    8: Words("时间", "Time"),
    9: Words("账本记载", "Logged"),
    10: Words("密钥安全", "Key safety"),
    11: Words("状态", "Status"),
    12: Words("见证", "Witnessed"),
}

PASSED: Final[dict[int, Words]] = {
    1: Words("来自公布的网址", "from an address that is pinned"),
    2: Words("格式完全符合规定", "strictly in its one form"),
    3: Words("由已固定的创世记录逐级授权", "every authority leads to the pinned genesis"),
    4: Words("密钥已登记", "the key is enrolled"),
    5: Words("签名无误", "the signature verifies"),
    6: Words("网址中的验证码与签名一致", "the code in the address is the signed one"),
    7: Words("签发时机构、签发人、项目均在授权范围内", "body, signatory and project were in force and scope"),
    8: Words("在有效时间内", "in its time"),
    9: Words("账本中有此证", "the log has this certificate"),
    10: Words("未发现签名密钥有问题", "nothing is known against the key"),
    11: Words("状态正常", "it stands, by a fresh list"),
    12: Words("见证方已达到规定数量", "the quorum of witnesses stands behind it"),
}

FAILED: Final[dict[int, Words]] = {
    1: Words("不是本登记系统的二维码", "not a code of this registry"),
    2: Words("不符合凭证格式", "not in the form of a credential"),
    3: Words("信任包不可信", "the trust bundle cannot be trusted"),
    4: Words("密钥未登记", "the key is not enrolled"),
    5: Words("签名不符", "the signature does not verify"),
    6: Words("验证码与签名不一致", "the code in the address is not the signed one"),
    7: Words("签发时不在授权范围内", "its signer was not entitled at that time"),
    8: Words("不在有效时间内", "not in its time"),
    9: Words("所附包含证明不成立", "the proof that came with it does not hold"),
    10: Words("签名密钥有问题", "there is something against the key"),
    11: Words("状态异常", "it does not stand"),
    12: Words("尚未最终确认", "not final yet"),
}

CODES: Final[dict[str, Words]] = {
    "NOT_REACHED": Words("前面的步骤未通过，未核验", "not reached: an earlier step failed"),
    "FROM_FILE": Words("读自文件，没有网址可核对", "read from a file: there is no address to compare"),
    "FILE_READ": Words("文件无法读取", "the file cannot be read"),
    "FILE_TOO_LARGE": Words("文件过大", "the file is too large"),
    "SCAN_NONE": Words("图片中没有可识读的二维码", "no QR code could be read in the picture"),
    "SCAN_SEVERAL": Words(
        "图片中有多个二维码，请裁剪到只剩一个", "several QR codes in the picture: cut it to one"
    ),
    "SCAN_NOT_IMAGE": Words("图片已损坏或格式不支持", "not a PNG, JPEG or WebP picture, or a damaged one"),
    "SCAN_TOO_LARGE": Words("图片过大", "the picture is too large"),
    "PDF_ALTERED": Words("文件盖章后被改动", "the file was changed after it was sealed"),
    "PDF_UNREADABLE": Words("PDF 已损坏或无法读取", "the PDF is damaged, or not one this program reads"),
    "PDF_NO_CREDENTIAL": Words(
        "PDF 中没有凭证附件：请用原始文件，或拍下二维码核验",
        "no credential is attached: take the original file, or a picture of its QR code",
    ),
    "PDF_ATTACHMENTS": Words("PDF 的附件不符合要求", "the attachments of the PDF are none of ours"),
    "PDF_SIZE": Words("PDF 过大", "the PDF is too large"),
    "QR_OTHER_HOST": Words("网址与公布的不符，请勿打开", "not the published address: do not open it"),
    "QR_VERSION": Words("二维码版本较新，请更新本程序", "made by a newer version: update this program"),
    "NO_TRUST": Words("没有可信的信任包，未核验", "not checked: there is no trust to check by"),
    "TRUST_FIRST_USE": Words(
        "首次使用此信任包，其创世指纹尚未经您核对",
        "first use of this bundle: nobody compared its genesis yet",
    ),
    "TRUST_MISSING": Words(
        "没有信任包：请用 --trust 给出文件，或用 --server 给出网址",
        "there is no trust bundle: give --trust FILE or --server URL",
    ),
    "PART_MISSING": Words(
        "没有取得该评价机构的登记数据，请联网后再核验",
        "what the log says of this body could not be had: check again with a network",
    ),
    "TRUST_GENESIS": Words("信任包的创世记录与已固定的不同", "the bundle has another genesis than the pin"),
    "TRUST_OLDER": Words("信任包比已见过的更旧", "the bundle is older than one seen before"),
    "KEY_SERVICE": Words("服务密钥不得签发证书", "keys of the service sign no certificates"),
    "KEY_LATER": Words("密钥在签发之后才登记", "the key was enrolled after the certificate was signed"),
    "KEY_REVOKED": Words("签发时密钥已撤销", "signed after the key was revoked"),
    "KEY_COMPROMISED": Words(
        "密钥已泄露，须有泄露之前经见证的包含证明",
        "the key was compromised: it needs a proof witnessed before that",
    ),
    "PARTY_NO_BODY": Words("签名方不是评价机构", "the signing party is no evaluation body"),
    "PARTY_WITHDRAWN": Words("评价机构当时已退出", "the body had been withdrawn"),
    "BODY_NOT_APPOINTED": Words("评价机构当日不在遴选有效期内", "the body was not appointed on that day"),
    "BODY_SUSPENDED": Words("评价机构当时已被暂停", "the body had been suspended"),
    "BODY_SCOPE": Words("评价机构无此项目的评价资格", "the body is not appointed for this project"),
    "SIGNATORY_NONE": Words("签名人当日不是签发人", "the signer was no signatory of the body on that day"),
    "SIGNATORY_SCOPE": Words("签发人无此项目的权限", "the signatory is not appointed for this project"),
    "STANDARD_NONE": Words(
        "项目、阶段、课程名称或课时与已发布的评价规范不符",
        "no published standard has this project, stage, title and hours",
    ),
    "CODE_OTHER": Words("网址中的验证码与签名不一致", "the code in the address is not the signed one"),
    "LEAF_DIFFERS": Words("凭证与账本记载相互矛盾", "the credential and the log contradict each other"),
    "NOT_YET_VALID": Words("签发时间晚于核验时间", "issued in the future"),
    "EXPIRED": Words("已过有效期", "past its expiry"),
    "NOT_LOGGED": Words("已查询账本，没有此证", "the log was asked and has none"),
    "NOT_LOGGED_YET": Words(
        "刚签发不久，账本可能尚未记入", "issued minutes ago: the log may not have it yet"
    ),
    "PROOF_ABSENT": Words("没有包含证明，未核验账本中有无此证", "no proof: not checked against the log"),
    "PROOF_REQUIRED": Words("要求包含证明，但没有提供", "a proof was required and none was given"),
    "PROOF_NO_LEAF": Words("包含证明中缺少账本条目", "the proof does not carry its entry"),
    "PROOF_OTHER": Words("包含证明属于另一份凭证", "the proof is of another entry than this credential"),
    "PROOF_PLACE": Words("条目写明的位置与证明所指不同", "the entry names another place than the proof"),
    "LOG_FORKED": Words(
        "账本在同一大小出现两个不同的树根，请立即报告",
        "the log shows two roots at one size: report this at once",
    ),
    "STATUS_MISSING": Words("信任包中没有所需的状态列表", "the bundle lacks the status list it needs"),
    "STATUS_NOT_FRESH": Words(
        "状态原为正常，但状态列表已过期，请联网更新", "it stood, but the status list is out of date"
    ),
    "STATUS_REVOKED": Words("已撤销或注销，以账本记载为准", "revoked or cancelled: the log says which"),
    "STATUS_SUSPENDED": Words("已暂扣", "suspended"),
    "STATUS_SUPERSEDED": Words("已换发", "superseded"),
    "LIFE_REVOKED": Words("账本记载：已撤销", "the log has its revocation"),
    "LIFE_CANCELLED": Words("账本记载：已注销", "the log has its cancellation"),
    "LIFE_SUSPENDED": Words("账本记载：已暂扣", "the log has its suspension"),
    "LIFE_CORRECTED": Words("账本记载：已更正，另有现行版本", "corrected: a newer version is in force"),
    "LIFE_REISSUED": Words("账本记载：已补发，另有现行版本", "reissued: a newer version is in force"),
    "NOT_FINAL": Words("见证方尚未达到规定数量", "the quorum of witnesses is not reached yet"),
    "NO_WITNESSES": Words("见证策略未列见证方", "the policy names no witnesses"),
    "NO_PROOF": Words("没有成立的包含证明", "there is no proof that holds"),
}


def words_of(code: str, number: int, *, passed: bool) -> Words:
    """The sentence for a step: that of its code, or else the step's own."""
    return CODES.get(code) or (PASSED if passed else FAILED)[number]


def document() -> dict[str, object]:
    """All of it as one JSON document, from which the page speaks: there is no second copy of a sentence."""

    def both(words: Words) -> dict[str, str]:
        return {"zh": words.zh, "en": words.en}

    return {
        "states": {
            state: {"icon": one.icon, "title": both(one.title), "advice": both(one.advice)}
            for state, one in STATE_WORDS.items()
        },
        "steps": {str(number): both(one) for number, one in STEP_NAMES.items()},
        "passed": {str(number): both(one) for number, one in PASSED.items()},
        "failed": {str(number): both(one) for number, one in FAILED.items()},
        "codes": {code: both(one) for code, one in CODES.items()},
        "reasons": {
            kind: {
                reason: {"zh": cause.zh, "en": cause.en, "national": cause.national.value}
                for reason, cause in causes.items()
            }
            for kind, causes in REASONS.items()
        },
    }
