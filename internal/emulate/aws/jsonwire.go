package aws

import (
	"encoding/json"
	"hash/crc32"
	"net/http"
	"strconv"
)

// writeJSON answers in AWS's JSON protocol of the given version.
func writeJSON(w http.ResponseWriter, c *call, version string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-amz-json-"+version)
	w.Header().Set("X-Amzn-Requestid", c.id)
	if c.service == "dynamodb" {
		w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(raw)), 10))
	}
	_, _ = w.Write(raw)
	return nil
}

// failJSON refuses in AWS's JSON protocol. The prefix names the service's error
// namespace, if it has one on the wire.
func failJSON(version, prefix string) func(http.ResponseWriter, *call, *refusal) {
	return func(w http.ResponseWriter, c *call, no *refusal) {
		raw, _ := json.Marshal(map[string]string{"__type": prefix + no.code, "message": no.message})
		w.Header().Set("Content-Type", "application/x-amz-json-"+version)
		w.Header().Set("X-Amzn-Requestid", c.id)
		w.WriteHeader(no.status)
		_, _ = w.Write(raw)
	}
}
