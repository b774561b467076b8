package aws

import (
	"encoding/base64"
	"strconv"
)

// page is what IAM's lists say about the pages that follow.
type page struct {
	IsTruncated bool
	Marker      string `xml:",omitempty"`
}

// pageOf cuts the page out of a list that the call's Marker and MaxItems name. A
// marker is opaque and stands for the place where the next page begins.
func pageOf[T any](c *call, all []T) ([]T, page, error) {
	size, err := c.number("MaxItems", 100, 1, 1000)
	if err != nil {
		return nil, page{}, err
	}
	from := 0
	if marker := c.form.Get("Marker"); marker != "" {
		raw, err := base64.URLEncoding.DecodeString(marker)
		if err == nil {
			from, err = strconv.Atoi(string(raw))
		}
		if err != nil || from < 0 {
			return nil, page{}, invalid("Invalid Marker.")
		}
	}
	from = min(from, len(all))
	to := min(from+size, len(all))
	p := page{IsTruncated: to < len(all)}
	if p.IsTruncated {
		p.Marker = base64.URLEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return all[from:to], p, nil
}
