package bot

import (
	"fmt"
	"sync"
	"time"
)

// floods count what each person sends in a minute, in memory: a restart forgives.
// What nobody has decided yet is limited where it is decided (workflows, too_many).
type floods struct {
	most int

	mu     sync.Mutex
	minute time.Time
	acts   map[string]int // by person
	looks  map[string]int
}

// looksPerAct is how many redraws and suggestions a person may have for each act:
// they come by themselves while somebody fills in a form.
const looksPerAct = 5

// pour counts a delivery and reports whether it is one too many, and whether it is
// the first of these in its minute: a flood is answered once.
func (f *floods) pour(p parcel, now time.Time) (over, first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := now.Truncate(time.Minute); !m.Equal(f.minute) {
		f.minute, f.acts, f.looks = m, map[string]int{}, map[string]int{}
	}
	count, most := f.acts, f.most
	if p.Kind == kindOptions || !p.kept() {
		count, most = f.looks, f.most*looksPerAct
	}
	count[p.User]++
	return count[p.User] > most, count[p.User] == most+1
}

func (f *floods) words() string {
	return fmt.Sprintf("Not taken: more than %d commands, presses and forms of yours came within a minute. The rest of them is not recorded. Please go on in a minute.", f.most)
}
