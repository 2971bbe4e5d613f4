"""Judges which names moved, by the formula of the contract."""

from collections import namedtuple
from fractions import Fraction
from functools import lru_cache
from math import comb, exp, fsum, lgamma, log, log1p
from statistics import median

FALSE_ALARMS = 0.10
BORDER = 1e-6
MIN_CONVERSATIONS = 5

# `allowed` holds the trends that a program may say: more than one where p lies on the border. `expected` and `p` are
# unrounded, or None where there is none; `tested` is whether the name is one of those that are judged together.
Move = namedtuple("Move", "allowed expected p previous tested")


@lru_cache(maxsize=None)
def fisher(with_now, all_now, with_before, all_before):
    """Two-sided p of Fisher's exact test: the tables with these sums that are no likelier than this one."""
    total, chosen = all_now + all_before, with_now + with_before

    def ways(now):
        return comb(all_now, now) * comb(all_before, chosen - now)

    observed = ways(with_now)
    possible = range(max(0, chosen - all_before), min(chosen, all_now) + 1)
    return Fraction(sum(w for w in map(ways, possible) if w <= observed), comb(total, chosen))


def mid_p(seen, mean, variance):
    """The mid-p of a negative binomial variable, and the side on which the seen count lies: 1, -1 or 0."""
    if mean == 0:
        return (1.0, 0) if seen == 0 else (0.0, 1)
    shape = mean * mean / (variance - mean)
    stay, step = shape * log(mean / variance), log1p(-mean / variance)

    def chance(count):
        return exp(lgamma(count + shape) - lgamma(shape) - lgamma(count + 1) + stay + count * step)

    half = chance(seen) / 2
    at_most = fsum(chance(count) for count in range(seen)) + half
    at_least = max(0.0, 1 - at_most)
    if at_most > 0.9:
        chances, count = [half], seen + 1
        while chances[-1] > 1e-18 or count < mean:
            chances.append(chance(count))
            count += 1
        at_least = fsum(chances)
    side = (at_least < at_most) - (at_most < at_least)
    return min(1.0, 2 * min(at_least, at_most)), side


def surprising(p_values, slack=0.0):
    """The names that Benjamini and Hochberg's procedure finds when every p is so much larger."""
    ranked = sorted(p_values.items(), key=lambda item: item[1])
    last = 0
    for rank, (_, p) in enumerate(ranked, 1):
        if p + slack <= FALSE_ALARMS * rank / len(ranked):
            last = rank
    return {name for name, _ in ranked[:last]}


def unrest(sums, base):
    """The site's own unrest τ² over the names that the base weeks have once a week or more."""
    weeks, everyone = len(base), sum(size for _, size in base)
    over, squares = [], []
    for name, total in sums.items():
        if total < weeks:
            continue
        share = Fraction(total, everyone)
        for counts, size in base:
            expected = share * size
            over.append((counts.get(name, 0) - expected) ** 2 * Fraction(weeks, weeks - 1) - expected * (1 - share))
            squares.append(expected ** 2)
    return max(0.0, float(sum(over) / sum(squares))) if squares else 0.0


def week_size(now, size, sums, everyone):
    """The size F of this week that the names' own counts suggest."""
    ratios = [now.get(name, 0) / (Fraction(total, everyone) * size) for name, total in sums.items()
              if total * size >= 2 * everyone]
    if len(ratios) <= 6:
        return float(size)
    return float(size * min(Fraction(1), max(Fraction(1, 5), median(ratios))))


def expectations(now, size, base):
    """The mean and the variance that three base weeks or more let expect of each name."""
    sums = {name: sum(counts.get(name, 0) for counts, _ in base) for name in names_of(now, base)}
    weeks, everyone = len(base), sum(week for _, week in base)
    tau, full_size = unrest(sums, base), week_size(now, size, sums, everyone)
    found = {}
    for name, total in sums.items():
        seen = total + 0.5
        mean = seen / (everyone + 1) * full_size
        found[name] = mean, max(1.0001 * mean, mean + mean * mean * (tau * (1 + 1 / weeks) + 1 / seen))
    return found


def names_of(now, base):
    """Every name of this week and of the base weeks."""
    return set(now).union(*(counts for counts, _ in base))


def judge(now, size, base):
    """Each name's move: conversations by name of this week, and (conversations by name, all) of the weeks before."""
    names = names_of(now, base)
    total = {name: now.get(name, 0) + sum(counts.get(name, 0) for counts, _ in base) for name in names}
    if not base:
        # the contract has no arrow without base weeks, and does not say which of the two words it is then
        return {name: Move({"too_few", "steady"} if total[name] >= MIN_CONVERSATIONS else {"too_few"},
                           None, None, None, False) for name in names}
    last, last_size = base[-1]
    expected = expectations(now, size, base) if len(base) >= 3 else None
    p_values, sides = {}, {}
    for name in names:
        if total[name] < MIN_CONVERSATIONS:
            continue
        count, before = now.get(name, 0), last.get(name, 0)
        if expected:
            p_values[name], sides[name] = mid_p(count, *expected[name])
        else:
            p_values[name] = float(fisher(count, size, before, last_size))
            sides[name] = (count * last_size > before * size) - (count * last_size < before * size)
    surely, perhaps = surprising(p_values, BORDER), surprising(p_values, -BORDER)
    found = {}
    for name in names:
        allowed = {"too_few"}
        if name in p_values:
            count, before = now.get(name, 0), last.get(name, 0)
            side = sides[name] if (count > before) - (count < before) == sides[name] else 0
            arrow = "steady"
            if side == 1:
                arrow = "rising" if total[name] > count else "new"
            elif side == -1:
                arrow = "falling" if count else "gone"
            allowed = {arrow} if name in surely else {"steady", arrow} if name in perhaps else {"steady"}
        found[name] = Move(allowed, expected[name][0] if expected else None, p_values.get(name),
                           last.get(name, 0), name in p_values)
    return found
