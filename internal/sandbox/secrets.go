package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// secrets are made once for each directory: nothing in a sandbox is the same as
// in another, and none of it opens anything outside.
type secrets struct {
	SlackSigning, SlackBot, SlackObserver, SlackApp string
	DevOps, DevOpsAdmin                             string
	DevKeyID, DevKey, ProdKeyID, ProdKey            string
	FedbotKeyID, FedbotKey                          string
	EmulatedKey                                     string // that the hand-made connection holds
}

// openSecrets reads the directory's secrets, or makes them.
func openSecrets(dir string) (secrets, error) {
	var s secrets
	path := filepath.Join(dir, "secrets.json")
	raw, err := os.ReadFile(path)
	if err == nil {
		return s, json.Unmarshal(raw, &s)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("read secrets: %w", err)
	}
	s = secrets{
		SlackSigning: random(16), SlackBot: "xoxb-sandbox-" + random(12), SlackObserver: "xoxp-sandbox-" + random(12),
		SlackApp: "xapp-sandbox-" + random(12), DevOps: random(26), DevOpsAdmin: random(26),
		DevKeyID: keyID(), DevKey: random(20), ProdKeyID: keyID(), ProdKey: random(20),
		FedbotKeyID: keyID(), FedbotKey: random(20), EmulatedKey: random(20),
	}
	if raw, err = json.Marshal(s); err != nil {
		return s, fmt.Errorf("encode secrets: %w", err)
	}
	return s, writeFile(path, raw)
}

// devOpsOf is the Azure DevOps token of the n-th person.
func (s secrets) devOpsOf(n int) string {
	sum := sha256.Sum256([]byte(s.DevOpsAdmin + "/" + people[n].ID))
	return hex.EncodeToString(sum[:])
}

// files writes the secrets that the configuration refers to.
func (s secrets) files(dir string) error {
	return errors.Join(
		writeFile(filepath.Join(dir, "slack-bot-token"), []byte(s.SlackBot)),
		writeFile(filepath.Join(dir, "slack-signing-secret"), []byte(s.SlackSigning)),
		writeFile(filepath.Join(dir, "slack-app-token"), []byte(s.SlackApp)),
		writeFile(filepath.Join(dir, "azure-devops-token"), []byte(s.DevOps)))
}

// writeFile replaces a file in one step, so that a kill leaves the old or the new.
func writeFile(path string, data []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, by its own promise
	return hex.EncodeToString(b)
}

func keyID() string { return "AKIA" + strings.ToUpper(rand.Text()[:16]) }
