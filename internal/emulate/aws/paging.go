package aws

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// page is what IAM's lists say about the pages that follow.
type page struct {
	IsTruncated bool
	Marker      string `xml:",omitempty"`
}

// pageSize is how many entries the call may get at once.
func (c *call) pageSize() (int, error) {
	size, err := c.number("MaxItems", 100, 1, 1000)
	if short := c.s.switches.ShortPages; short > 0 {
		size = min(size, short)
	}
	return size, err
}

// marker is what the call's Marker stands for: the key that a page ended with.
func (c *call) marker() (string, error) {
	raw, err := base64.URLEncoding.DecodeString(c.form.Get("Marker"))
	key, ours := strings.CutPrefix(string(raw), "after ")
	if c.form.Get("Marker") == "" {
		return "", nil
	}
	if err != nil || !ours {
		return "", invalid("Invalid Marker.")
	}
	return key, nil
}

func markerAfter(key string) string {
	return base64.URLEncoding.EncodeToString([]byte("after " + key))
}

// pageOf cuts the page out of a list of one object that Marker and MaxItems name.
func pageOf[T any](c *call, all []T) ([]T, page, error) {
	keys := make([]string, len(all))
	for i := range all {
		keys[i] = strconv.Itoa(1e6 + i) // in order as text
	}
	return pageFrom(c, keys, func(key string) (T, bool) {
		i, _ := strconv.Atoi(key)
		return all[i-1e6], true
	})
}

// pageFrom makes the page of a list of the account. Keys are sorted; entry makes
// the entry of one, or says that it is not for this list. Because a marker names
// the last key of a page, an entry that is deleted between two pages moves none of
// the others out of sight.
func pageFrom[T any](c *call, keys []string, entry func(key string) (T, bool)) ([]T, page, error) {
	size, err := c.pageSize()
	if err != nil {
		return nil, page{}, err
	}
	after, err := c.marker()
	if err != nil {
		return nil, page{}, err
	}
	at, found := slices.BinarySearch(keys, after)
	if found {
		at++
	}
	out, last := []T{}, ""
	for _, key := range keys[at:] {
		one, ok := entry(key)
		if !ok {
			continue
		}
		if len(out) == size {
			return out, page{IsTruncated: true, Marker: markerAfter(last)}, nil
		}
		out, last = append(out, one), key
	}
	return out, page{}, nil
}
