package azuredevops

import (
	"slices"
	"strconv"
)

// paged cuts one page out of a list and sets the header that leads to the next. Pages are
// named by the key of the last item on them, so that what comes and goes between two
// calls shifts nothing. Without $top there is one page of the usual size.
func paged[T any](c *call, all []T, usual int, key func(T) string) []T {
	if after := c.q.Get("continuationToken"); after != "" {
		at := slices.IndexFunc(all, func(x T) bool { return key(x) == after })
		all = all[at+1:]
	}
	if n, err := strconv.Atoi(c.q.Get("$top")); err == nil && n > 0 {
		usual = n
	}
	if len(all) > usual {
		all = all[:usual]
		c.header.Set("X-MS-ContinuationToken", key(all[usual-1]))
	}
	return all
}
