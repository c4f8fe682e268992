"""What JSON Schema cannot say of a request: `from` is not after `to`, and at most 400 dates lie between."""

import datetime

import schemathesis


def ordered(asked):
    if not isinstance(asked, dict) or not {"from", "to"} <= asked.keys():
        return
    try:
        first = datetime.date.fromisoformat(asked["from"])
        last = datetime.date.fromisoformat(asked["to"])
    except (TypeError, ValueError):
        if asked["from"] in ("TODAY", "YESTERDAY"):
            asked["to"] = "TODAY"
        elif asked["to"] in ("TODAY", "YESTERDAY"):
            asked["from"] = asked["to"]
        return
    days = min(last.toordinal() % 400, datetime.date.max.toordinal() - first.toordinal())
    asked["to"] = (first + datetime.timedelta(days)).isoformat()


@schemathesis.hook
def before_call(context, case, **kwargs):
    if case.meta is not None and case.meta.generation.mode.is_positive:
        ordered(case.body)
        ordered(case.query)
