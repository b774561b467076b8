package aws

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

type ownerXML struct {
	ID          string
	DisplayName string
}

type bucketXML struct {
	Name         string
	CreationDate string
}

type contentXML struct {
	Key          string
	LastModified string
	ETag         string
	Size         int
	StorageClass string
}

type prefixXML struct{ Prefix string }

type listXML struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int
	IsTruncated           bool
	Contents              []contentXML
	CommonPrefixes        []prefixXML
}

func writeS3(w http.ResponseWriter, body any) error {
	raw, err := xml.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/xml")
	_, _ = w.Write(append([]byte(xml.Header), raw...))
	return nil
}

func (c *call) listBuckets(w http.ResponseWriter) error {
	if err := c.authorise(target{action: "s3:ListAllMyBuckets", resource: "*"}); err != nil {
		return err
	}
	out := struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
		Owner   ownerXML
		Buckets []bucketXML `xml:"Buckets>Bucket"`
	}{Owner: ownerXML{c.caller.account, c.caller.account}}
	for _, b := range c.s.stores.All() {
		if b.Account == c.caller.account {
			out.Buckets = append(out.Buckets, bucketXML{b.Name, isoMillis(b.Created)})
		}
	}
	return writeS3(w, out)
}

func (c *call) bucketLocation(w http.ResponseWriter, b Bucket) error {
	if err := c.authorise(c.bucketTarget("s3:GetBucketLocation", b)); err != nil {
		return err
	}
	region := b.Region
	if region == "us-east-1" {
		region = ""
	}
	return writeS3(w, struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
		Region  string   `xml:",chardata"`
	}{Region: region})
}

// listObjects is ListObjectsV2: keys in order, those with a common prefix folded into one.
func (c *call) listObjects(w http.ResponseWriter, b Bucket) error {
	q := c.r.URL.Query()
	t := c.bucketTarget("s3:ListBucket", b)
	for _, name := range []string{"prefix", "delimiter", "max-keys"} {
		if q.Has(name) {
			t.keys["s3:"+name] = []string{q.Get(name)}
		}
	}
	if err := c.authorise(t); err != nil {
		return err
	}
	out := listXML{
		Name: b.Name, Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"), StartAfter: q.Get("start-after"),
		ContinuationToken: q.Get("continuation-token"), EncodingType: q.Get("encoding-type"), MaxKeys: 1000,
	}
	after := out.StartAfter
	if q.Has("max-keys") {
		n, err := strconv.Atoi(q.Get("max-keys"))
		if err != nil || n < 0 {
			return refuse(400, "InvalidArgument", "Provided max-keys not an integer or within integer range")
		}
		out.MaxKeys = min(n, 1000)
	}
	if out.ContinuationToken != "" {
		raw, err := base64.StdEncoding.DecodeString(out.ContinuationToken)
		if err != nil {
			return refuse(400, "InvalidArgument", "The continuation token provided is incorrect")
		}
		after = string(raw)
	}
	c.fillList(&out, after)
	out.encode()
	return writeS3(w, out)
}

func (c *call) fillList(out *listXML, after string) {
	last := ""
	for _, o := range c.objectsOf(out.Name) {
		rest, ok := strings.CutPrefix(o.Key, out.Prefix)
		if !ok || o.Key <= after {
			continue
		}
		folded := ""
		if i := strings.Index(rest, out.Delimiter); out.Delimiter != "" && i >= 0 {
			folded = out.Prefix + rest[:i+len(out.Delimiter)]
			if folded == last || strings.HasPrefix(after, folded) {
				continue
			}
		}
		if out.KeyCount == out.MaxKeys {
			out.IsTruncated = out.MaxKeys > 0
			break
		}
		out.KeyCount++
		if last = o.Key; folded != "" {
			last = folded
			out.CommonPrefixes = append(out.CommonPrefixes, prefixXML{folded})
			continue
		}
		out.Contents = append(out.Contents, contentXML{o.Key, isoMillis(o.Modified), o.etag(), len(o.Body), "STANDARD"})
	}
	if out.IsTruncated {
		out.NextContinuationToken = base64.StdEncoding.EncodeToString([]byte(last))
	}
}

// encode percent-encodes names, if the caller asked for it.
func (out *listXML) encode() {
	if out.EncodingType != "url" {
		return
	}
	out.Prefix, out.Delimiter, out.StartAfter = percent(out.Prefix, "/"), percent(out.Delimiter, "/"), percent(out.StartAfter, "/")
	for i := range out.Contents {
		out.Contents[i].Key = percent(out.Contents[i].Key, "/")
	}
	for i := range out.CommonPrefixes {
		out.CommonPrefixes[i].Prefix = percent(out.CommonPrefixes[i].Prefix, "/")
	}
}

// objectsOf are a bucket's objects in the order of their keys.
func (c *call) objectsOf(bucket string) []Object {
	return slices.DeleteFunc(c.s.objects.All(), func(o Object) bool { return o.Bucket != bucket })
}
