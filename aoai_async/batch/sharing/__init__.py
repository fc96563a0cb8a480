"""One quota for all processes of a machine that share a deployment.

They name the same path. The first one that comes listens there, on a Unix socket, and is the *keeper*: it has the one
`Pace` of each deployment, and gives the turns to start a request, one at a time and in the order they were asked for.
What came of each request is told to it. Its own requests stand in the same line.

==============================  ===================================================================================
a process to the keeper
==============================  ===================================================================================
`Ask`                           stands in line for a turn to start a request
`Leave`                         leaves the line, or gives the turn back
`Started`                       uses the turn
`Succeeded`, `Refused`,         tells what came of the request
`Failed`
`Ping`                          finds out whether the keeper is there
==============================  ===================================================================================

==============================  ===================================================================================
the keeper to a process
==============================  ===================================================================================
`Turn`                          a request may start, at once; nobody else gets a turn before it is used or given back
`Wait`                          a turn cannot come within so many seconds
`Pong`                          the keeper is there
==============================  ===================================================================================

Each message is a line of JSON; none tells a time of day, for clocks differ. What is no message ends the connection,
and nothing else. The requests of a process that is gone count as failed, which says nothing about the quota. When the
keeper is gone, another process takes its place. It begins anew with what it was told, but not before the time at which
the keeper before would have given the next turn, as far as those know who ask for one. When there is a keeper that
does not answer, or the path cannot be used any more, a process paces its requests alone, and tries again later.
"""

from aoai_async.batch.sharing.pace import SharedPace
from aoai_async.batch.sharing.quota import SharedQuota

__all__ = ["SharedPace", "SharedQuota"]
