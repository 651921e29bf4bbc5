"""Keyword arguments put into and taken out of a call, with the layout of its lines."""

import libcst as cst

_NOTHING = cst.SimpleWhitespace("")
_BLANK = cst.SimpleWhitespace(" ")


def keyword(name: str, text: str) -> cst.Arg:
    """`name=text` without blanks."""
    equal = cst.AssignEqual(whitespace_before=_NOTHING, whitespace_after=_NOTHING)
    return cst.Arg(keyword=cst.Name(name), value=cst.SimpleString(text), equal=equal)


def inserted(call: cst.Call, index: int, arg: cst.Arg) -> cst.Call:
    """The call with `arg` at `index`, on a line of its own where its neighbour has one."""
    if not call.args:
        return call.with_changes(args=(arg,))
    return _inserted_after(call, index - 1, arg) if index else _inserted_first(call, arg)


def _inserted_first(call: cst.Call, arg: cst.Arg) -> cst.Call:
    lead: cst.BaseParenthesizableWhitespace = call.whitespace_before_args
    gap: cst.BaseParenthesizableWhitespace = _BLANK
    if isinstance(lead, cst.ParenthesizedWhitespace):
        gap = lead.with_changes(first_line=_bare(lead.first_line))
        lead = lead.with_changes(empty_lines=())
    first = arg.with_changes(comma=cst.Comma(whitespace_after=gap))
    return call.with_changes(whitespace_before_args=lead, args=(first, *call.args))


def _inserted_after(call: cst.Call, index: int, arg: cst.Arg) -> cst.Call:
    args = list(call.args)
    previous = args[index]
    lead, trail = _lead(call, index), _trail(previous)
    gap: cst.BaseParenthesizableWhitespace = _BLANK
    if isinstance(lead, cst.ParenthesizedWhitespace):
        gap = lead.with_changes(empty_lines=(), first_line=_bare(lead.first_line))
        if isinstance(trail, cst.ParenthesizedWhitespace):
            gap = gap.with_changes(first_line=trail.first_line)
            trail = trail.with_changes(first_line=_bare(trail.first_line))
    args[index] = previous.with_changes(comma=cst.Comma(whitespace_after=gap), whitespace_after_arg=_NOTHING)
    args.insert(index + 1, _closed(arg, trail, previous.comma))
    return call.with_changes(args=args)


def removed(call: cst.Call, index: int) -> cst.Call | None:
    """The call without one argument, or None where a comment would be lost or left without its subject."""
    gone, trail = call.args[index], _trail(call.args[index])
    lead = _lead(call, index)
    if _comments(gone) > _comments_below(trail) or _comments_below(lead):
        return None
    if len(call.args) == 1:
        shorter = call.with_changes(args=(), whitespace_before_args=_NOTHING)
    elif index < len(call.args) - 1:
        shorter = _with_lead(_without(call, index), index, _joined(lead, trail, first=index == 0))
    else:
        shorter = _without_last(call, lead, trail)
    return shorter if _comments(shorter) == _comments(call) else None


def _without(call: cst.Call, index: int) -> cst.Call:
    return call.with_changes(args=(*call.args[:index], *call.args[index + 1 :]))


def _without_last(call: cst.Call, lead: cst.BaseParenthesizableWhitespace, trail: cst.BaseParenthesizableWhitespace) -> cst.Call:
    comma = call.args[-1].comma
    if isinstance(lead, cst.ParenthesizedWhitespace) and isinstance(trail, cst.ParenthesizedWhitespace):
        trail = trail.with_changes(first_line=lead.first_line)
        comma = cst.Comma()  # so that the line above stays as it is
    last = _closed(call.args[-2], trail, comma)
    return call.with_changes(args=(*call.args[:-2], last))


def _joined(
    lead: cst.BaseParenthesizableWhitespace,
    trail: cst.BaseParenthesizableWhitespace,
    *,
    first: bool,
) -> cst.BaseParenthesizableWhitespace:
    if not isinstance(trail, cst.ParenthesizedWhitespace):
        return lead
    if isinstance(lead, cst.ParenthesizedWhitespace):
        return trail.with_changes(first_line=lead.first_line)
    return lead if first and not _comments(trail) else trail


def _with_lead(call: cst.Call, index: int, lead: cst.BaseParenthesizableWhitespace) -> cst.Call:
    if index == 0:
        return call.with_changes(whitespace_before_args=lead)
    args = list(call.args)
    args[index - 1] = args[index - 1].with_changes(comma=cst.Comma(whitespace_after=lead))
    return call.with_changes(args=args)


def _closed(arg: cst.Arg, trail: cst.BaseParenthesizableWhitespace, comma: cst.Comma | cst.MaybeSentinel) -> cst.Arg:
    """`arg` before `trail`, with the comma that stood there, if one did."""
    if isinstance(comma, cst.Comma):
        return arg.with_changes(comma=comma.with_changes(whitespace_after=trail), whitespace_after_arg=_NOTHING)
    return arg.with_changes(comma=comma, whitespace_after_arg=trail)


def _lead(call: cst.Call, index: int) -> cst.BaseParenthesizableWhitespace:
    return call.whitespace_before_args if index == 0 else _trail(call.args[index - 1])


def _trail(arg: cst.Arg) -> cst.BaseParenthesizableWhitespace:
    return arg.comma.whitespace_after if isinstance(arg.comma, cst.Comma) else arg.whitespace_after_arg


def _bare(line: cst.TrailingWhitespace) -> cst.TrailingWhitespace:
    return line.with_changes(whitespace=_NOTHING, comment=None)


class _CommentCount(cst.CSTVisitor):
    def __init__(self) -> None:
        self.count = 0

    def visit_Comment(self, _node: cst.Comment) -> None:
        self.count += 1


def _comments(node: cst.CSTNode) -> int:
    counter = _CommentCount()
    node.visit(counter)
    return counter.count


def _comments_below(space: cst.BaseParenthesizableWhitespace) -> int:
    """Comments on lines of their own, which speak of what follows."""
    return sum(bool(line.comment) for line in space.empty_lines) if isinstance(space, cst.ParenthesizedWhitespace) else 0
