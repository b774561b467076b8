package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"fedbot/workflows"
)

// The buttons that turn the pages of an answer. Their values say which page of what,
// and nothing of what is on it: every press reads again what the person may see.
const (
	actListNewer    = "list_newer"
	actListOlder    = "list_older"
	actHistoryNewer = "history_newer"
	actHistoryOlder = "history_older"
)

// page is a stretch of a longer list.
type page struct{ From, Most, Of int }

// pageOf is the page that begins at from, or the nearest there is.
func pageOf(from, most, of int) page {
	if from >= of {
		from = (of - 1) / most * most
	}
	return page{max(from, 0), most, of}
}

func (p page) end() int { return min(p.From+p.Most, p.Of) }

// turns are the buttons to the pages beside this one, where there are any.
func (p page) turns(sh *sheet, newer, older, what string) {
	if p.Of <= p.Most {
		return
	}
	value := func(from int) string { return strings.TrimSpace(fmt.Sprintf("%d %s", from, what)) }
	sh.context(say("%d to %d of %d.", p.From+1, p.end(), p.Of))
	switch back, on := p.From > 0, p.end() < p.Of; {
	case back && on:
		sh.actions(button(newer, "Newer", value(max(p.From-p.Most, 0)), "lines"), button(older, "Older", value(p.end()), "lines"))
	case back:
		sh.actions(button(newer, "Newer", value(max(p.From-p.Most, 0)), "lines"))
	case on:
		sh.actions(button(older, "Older", value(p.end()), "lines"))
	}
}

// turned reads the value of such a button.
func turned(value string) (from int, what string) {
	number, what, _ := strings.Cut(value, " ")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > 1<<30 {
		return 0, what
	}
	return n, what
}

// turn shows another page in place of the one with the button.
func (b *Bot) turn(ctx context.Context, p parcel) error {
	from, what := turned(p.Value)
	p.inPlace = true
	switch p.Action {
	case actListNewer, actListOlder:
		return b.list(ctx, p, from)
	}
	if what == "" {
		return workflows.Refuse("unknown_button", "Not done: this button is not one of fedbot's. Nothing was recorded.")
	}
	return b.history(ctx, p, what, from)
}
