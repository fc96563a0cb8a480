"""When the next request to a deployment may start.

The limiter of a deployment is not known. Some let a number of requests in at once, and then none until a window is
over that began with the first of them; others want one request at a time, evenly spread; none says which it is, and
other processes may use the same deployment. A pace follows one idea of it at a time, a *plan*, and changes the plan
when the answers contradict it:

========  ==============================================  =======================================================
plan      idea                                            what it learns, from which signal
========  ==============================================  =======================================================
`Ramp`    nothing is known: few requests in flight,       the kind of the limiter, from the first refusal: one that
          more with each that is let in                   says to wait far longer than from one request to the next
                                                          ends a window, any other wants requests spread
`Doubt`   it may be either                                the same, from one request, where a refusal does not say
                                                          how long to wait, or something that cannot be
`Window`  `size` requests at once, again after `length`   the size, from how many were let in before a refusal, and
                                                          from what the answers say is left; the length, from when
                                                          the first request of a window is let in
`Spread`  one request each `gap` seconds                  the gap: from one request that comes a little earlier
                                                          than it should, and from refusals
========  ==============================================  =======================================================

What is told, `requests_per_minute`, is never exceeded, and makes the search short: a window of `size` requests is
`size / rate` long, and the gap is `1 / rate` and a trifle, for not all requests take equally long to arrive. Otherwise
the rule is that of congestion control: a refusal lowers the estimate to what was seen to be possible, at once; after
some time without one, a single request finds out whether there is more. These single requests are the price of
noticing that the quota has grown: one in 30 is risked when nothing was told, one in 120 when the quota was told but
does not seem to be all there, one in 480 when it is. Retry-After is a hint: it is rounded, absent, zero, or wrong,
and what was learnt from the answers overrules it.

All refusals of requests that were started before the pace reacted are one event. After it, one request goes alone,
and the others follow when it was let in; waits are spread by jitter.
"""

from aoai_async.batch.pacing.pace import Pace
from aoai_async.batch.pacing.plans import Ticket

__all__ = ["Pace", "Ticket"]
