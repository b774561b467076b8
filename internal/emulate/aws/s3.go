package aws

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bucket is an S3 bucket. Names are the same for all accounts.
type Bucket struct {
	Account string    `json:"account"`
	Name    string    `json:"name"`
	Region  string    `json:"region,omitempty"`
	Created time.Time `json:"created,omitzero"`
}

// Object is one object of a bucket.
type Object struct {
	Bucket      string    `json:"bucket"`
	Key         string    `json:"key"`
	Body        []byte    `json:"body"`
	ContentType string    `json:"content_type,omitempty"`
	Modified    time.Time `json:"modified,omitzero"`
}

func objectKey(bucket, key string) string { return bucket + "/" + key }

func (o Object) etag() string {
	sum := md5.Sum(o.Body)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// s3Service is a little of S3, addressed by path.
func s3Service() service {
	return service{names: []string{"DeleteObject", "GetBucketLocation", "GetObject", "HeadBucket", "HeadObject", "ListBuckets", "ListObjectsV2", "PutObject"}, errors: s3Doubts, operation: s3Operation, serve: serveS3, fail: failS3}
}

// s3Path is the bucket and the key that a path names.
func (c *call) s3Path() (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(c.r.URL.Path, "/"), "/")
	return bucket, key
}

// s3Operation tells the operation from the method, the path and the subresource.
func s3Operation(c *call) string {
	bucket, key := c.s3Path()
	q := c.r.URL.Query()
	for sub := range q {
		switch sub {
		case "x-id", "list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type", "fetch-owner", "location":
		default:
			return "" // an operation, or an option, that is not known
		}
	}
	switch {
	case bucket == "" && c.r.Method == http.MethodGet:
		return "ListBuckets"
	case bucket == "":
		return ""
	case key == "" && c.r.Method == http.MethodGet && q.Has("location"):
		return "GetBucketLocation"
	case key == "" && c.r.Method == http.MethodGet && q.Get("list-type") == "2":
		return "ListObjectsV2"
	case key == "" && c.r.Method == http.MethodHead:
		return "HeadBucket"
	case key == "":
		return ""
	case c.r.Header.Get("X-Amz-Copy-Source") != "":
		return ""
	}
	return map[string]string{
		http.MethodPut: "PutObject", http.MethodGet: "GetObject", http.MethodHead: "HeadObject", http.MethodDelete: "DeleteObject",
	}[c.r.Method]
}

func serveS3(c *call, w http.ResponseWriter) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.believe(); err != nil {
		return err
	}
	w.Header().Set("X-Amz-Request-Id", c.id)
	switch c.operation {
	case "":
		return refuse(501, "NotImplemented", "%s %s is not an operation that is emulated", c.r.Method, c.r.URL.RequestURI())
	case "ListBuckets":
		err := c.listBuckets(w)
		c.recordManagement(trailEvent{}, true, nil, err)
		return err
	}
	name, key := c.s3Path()
	bucket, ok := c.s.stores.Get(name)
	if !ok {
		return refuse(404, "NoSuchBucket", "The specified bucket does not exist")
	}
	switch c.operation {
	case "GetBucketLocation":
		err := c.bucketLocation(w, bucket)
		c.recordManagement(trailEvent{Resources: []trailResource{{"AWS::S3::Bucket", name}}}, true, map[string]any{"bucketName": name}, err)
		return err
	case "HeadBucket":
		err := c.authorise(c.bucketTarget("s3:ListBucket", bucket))
		w.Header().Set("X-Amz-Bucket-Region", orRegion(bucket.Region))
		return err
	case "ListObjectsV2":
		return c.listObjects(w, bucket)
	case "PutObject":
		return c.putObject(w, bucket, key)
	case "DeleteObject":
		return c.deleteObject(w, bucket, key)
	}
	return c.getObject(w, bucket, key)
}

func (c *call) bucketTarget(action string, b Bucket) target {
	return target{action: action, resource: "arn:aws:s3:::" + b.Name, account: b.Account, keys: map[string][]string{}}
}

func (c *call) objectTarget(action string, b Bucket, key string) target {
	t := c.bucketTarget(action, b)
	t.resource += "/" + key
	if acl := c.r.Header.Get("X-Amz-Acl"); acl != "" {
		t.keys["s3:x-amz-acl"] = []string{acl}
	}
	return t
}

func (c *call) putObject(w http.ResponseWriter, b Bucket, key string) error {
	if err := c.authorise(c.objectTarget("s3:PutObject", b, key)); err != nil {
		return err
	}
	if c.r.Header.Get("X-Amz-Acl") != "" {
		if err := c.authorise(c.objectTarget("s3:PutObjectAcl", b, key)); err != nil {
			return err
		}
	}
	body := c.body
	if c.r.Header.Get(hashHeader) == chunked {
		var ok bool
		if body, ok = unchunk(body); !ok {
			return refuse(400, "IncompleteBody", "The request body terminated unexpectedly")
		}
	}
	o := Object{Bucket: b.Name, Key: key, Body: body, ContentType: c.r.Header.Get("Content-Type"), Modified: c.now}
	w.Header().Set("ETag", o.etag())
	return put(c.s, c.s.objects, objectKey(b.Name, key), o)
}

// unchunk takes the aws-chunked framing off: a hexadecimal length, the chunk, an
// empty chunk and trailers.
func unchunk(body []byte) ([]byte, bool) {
	var out []byte
	for text := string(body); ; {
		head, rest, ok := strings.Cut(text, "\r\n")
		size, _, _ := strings.Cut(head, ";")
		n, err := strconv.ParseInt(size, 16, 32)
		if !ok || err != nil || n < 0 || int64(len(rest)) < n {
			return nil, false
		}
		if n == 0 {
			return out, true
		}
		out = append(out, rest[:n]...)
		text = strings.TrimPrefix(rest[n:], "\r\n")
	}
}

func (c *call) getObject(w http.ResponseWriter, b Bucket, key string) error {
	if err := c.authorise(c.objectTarget("s3:GetObject", b, key)); err != nil {
		return err
	}
	o, ok := c.s.objects.Get(objectKey(b.Name, key))
	if !ok {
		if err := c.authorise(c.bucketTarget("s3:ListBucket", b)); err != nil {
			return err // who may not list must not learn what is missing
		}
		return refuse(404, "NoSuchKey", "The specified key does not exist.")
	}
	w.Header().Set("ETag", o.etag())
	w.Header().Set("Last-Modified", o.Modified.UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", orText(o.ContentType, "binary/octet-stream"))
	w.Header().Set("Content-Length", strconv.Itoa(len(o.Body)))
	if c.operation == "GetObject" {
		_, _ = w.Write(o.Body)
	}
	return nil
}

func (c *call) deleteObject(w http.ResponseWriter, b Bucket, key string) error {
	if err := c.authorise(c.objectTarget("s3:DeleteObject", b, key)); err != nil {
		return err
	}
	if err := remove(c.s, c.s.objects, objectKey(b.Name, key)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func orText(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

func orRegion(region string) string { return orText(region, "us-east-1") }

func failS3(w http.ResponseWriter, c *call, no *refusal) {
	body, _ := xml.Marshal(struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		Resource  string
		RequestID string `xml:"RequestId"`
	}{Code: no.code, Message: no.message, Resource: c.r.URL.Path, RequestID: c.id})
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("X-Amz-Request-Id", c.id)
	w.WriteHeader(no.status)
	if c.r.Method != http.MethodHead {
		_, _ = w.Write(append([]byte(xml.Header), body...))
	}
}
