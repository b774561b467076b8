package slack

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// file is an upload: announced, then received, then completed.
type file struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Title    string `json:"title"`
	Alt      string `json:"alt_txt,omitempty"`
	Length   int    `json:"length"`
	Token    string `json:"token"` // of the upload URL
	Content  []byte `json:"content,omitempty"`
	Complete bool   `json:"complete,omitempty"`
}

const mostFile = 50 << 20 // bytes; Slack takes more, a sandbox need not

func filesGetUploadURL(s *Server, c *call) (object, error) {
	name, err := c.need("filename")
	if err != nil {
		return nil, err
	}
	length, err := strconv.Atoi(c.args["length"])
	switch {
	case err != nil || length <= 0:
		return nil, invalid("must be greater than 0 [json-pointer:/length]")
	case length > mostFile:
		return nil, no("file_upload_size_restricted")
	case len([]rune(c.args["alt_txt"])) > 1000:
		return nil, no("alt_txt_too_large")
	}
	f := file{ID: s.id("F"), Name: name, Title: name, Alt: c.args["alt_txt"], Length: length, Token: secret()}
	s.keep(s.files.Put(f.ID, f))
	s.index.uploads[f.Token] = f.ID
	return object{"upload_url": s.base() + "/files/upload/" + f.Token, "file_id": f.ID}, nil
}

func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	s.o.Gate.Serve(w, r, "slack:upload", struck, func(w http.ResponseWriter, r *http.Request) {
		content, err := uploaded(r)
		if err != nil {
			http.Error(w, "no file", http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		f, ok := s.files.Get(s.index.uploads[r.PathValue("token")])
		switch {
		case !ok || f.Complete:
			http.Error(w, "not found", http.StatusNotFound)
			return
		case len(content) != f.Length:
			http.Error(w, "length is not what was announced", http.StatusBadRequest)
			return
		}
		f.Content = content
		if s.keep(s.files.Put(f.ID, f)); s.fault != nil {
			http.Error(w, "not kept", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "OK - %d", len(content))
	})
}

// uploaded reads a multipart form with one file, or the bytes themselves.
func uploaded(r *http.Request) ([]byte, error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		return io.ReadAll(io.LimitReader(r.Body, mostFile+1))
	}
	if err := r.ParseMultipartForm(4 << 20); err != nil {
		return nil, err
	}
	for _, parts := range r.MultipartForm.File {
		f, err := parts[0].Open()
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		return io.ReadAll(io.LimitReader(f, mostFile+1))
	}
	return nil, http.ErrMissingFile
}

func filesCompleteUpload(s *Server, c *call) (object, error) {
	var wanted []struct{ ID, Title string }
	if err := json.Unmarshal([]byte(c.args["files"]), &wanted); err != nil || len(wanted) == 0 {
		return nil, invalid("missing required field: files")
	}
	var done []file
	for _, one := range wanted {
		f, ok := s.files.Get(one.ID)
		if !ok || f.Complete {
			return nil, no("file_not_found")
		}
		if f.Content == nil {
			return nil, no("file_update_failed")
		}
		if f.Complete = true; one.Title != "" {
			f.Title = one.Title
		}
		done = append(done, f)
	}
	places, err := s.destinations(c)
	if err != nil {
		return nil, err
	}
	body := content{text: c.args["initial_comment"]}
	if c.args["blocks"] != "" {
		if body, err = s.content(map[string]string{"blocks": blocksOf(c.args["blocks"])}); err != nil {
			return nil, err
		}
	}
	var ids []string
	for _, f := range done {
		s.keep(s.files.Put(f.ID, f))
		ids = append(ids, f.ID)
	}
	for _, ch := range places {
		s.post(message{Channel: ch.ID, ThreadTS: s.thread(ch.ID, c.args["thread_ts"]), Files: ids}, body)
	}
	return object{"files": s.fileObjects(ids)}, nil
}

// destinations are the conversations that an upload is shared to.
func (s *Server) destinations(c *call) ([]Channel, error) {
	names := strings.FieldsFunc(c.args["channels"]+","+c.args["channel_id"], func(r rune) bool { return r == ',' })
	slices.Sort(names)
	var out []Channel
	for _, name := range slices.Compact(names) {
		ch, ok := s.place(name)
		switch {
		case !ok:
			return nil, no("channel_not_found")
		case !ch.Bot:
			return nil, no("not_in_channel")
		case ch.Archived:
			return nil, no("posting_to_channel_denied")
		}
		out = append(out, ch)
	}
	return out, nil
}

// blocksOf takes both forms in which clients send blocks: a list, or an object
// that holds one.
func blocksOf(raw string) string {
	var o struct {
		Blocks json.RawMessage `json:"blocks"`
	}
	if json.Unmarshal([]byte(raw), &o) == nil && o.Blocks != nil {
		return string(o.Blocks)
	}
	return raw
}

func (s *Server) fileObjects(ids []string) []object {
	out := []object{}
	for _, id := range ids {
		f, _ := s.files.Get(id)
		kind := mime.TypeByExtension(path.Ext(f.Name))
		if kind == "" {
			kind = "application/octet-stream"
		}
		out = append(out, object{
			"id": f.ID, "name": f.Name, "title": f.Title, "size": f.Length, "mimetype": kind, "alt_txt": f.Alt,
			"filetype": strings.TrimPrefix(path.Ext(f.Name), "."), "mode": "hosted", "user": s.o.App.BotUser,
			"url_private": s.base() + "/files/" + f.ID + "/" + path.Base(f.Name),
		})
	}
	return out
}

// File returns the name and the bytes of a completed upload.
func (s *Server) File(id string) (name string, content []byte, err error) {
	f, ok := s.files.Get(id)
	if !ok || !f.Complete {
		return "", nil, fmt.Errorf("file %s: %w", id, ErrUnknown)
	}
	return f.Name, f.Content, nil
}

func (s *Server) serveDownload(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	name, content, err := s.File(r.PathValue("id"))
	known := token != "" && (token == s.o.App.ObserverToken || token == s.o.App.BotToken)
	if err != nil || !known {
		http.NotFound(w, r)
		return
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" || strings.HasPrefix(kind, "text/html") || strings.Contains(kind, "svg") {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(content)
}
