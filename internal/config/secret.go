package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// Secret is a reference to a secret, env:NAME or file:/path, and never the secret
// itself. Whatever prints it, prints "[secret]".
type Secret struct{ ref string }

// Refer makes a reference; it is checked when it is read.
func Refer(ref string) Secret { return Secret{ref} }

func (Secret) String() string               { return "[secret]" }
func (Secret) GoString() string             { return "[secret]" }
func (Secret) LogValue() slog.Value         { return slog.StringValue("[secret]") }
func (Secret) MarshalYAML() ([]byte, error) { return []byte(`"[secret]"`), nil }
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// UnmarshalText takes a reference and refuses a bare secret without repeating it.
func (s *Secret) UnmarshalText(text []byte) error {
	ref := strings.TrimSpace(string(text))
	if !strings.HasPrefix(ref, "env:") && !strings.HasPrefix(ref, "file:") {
		return errors.New("a secret is written as a reference: env:NAME or file:/path (what stands here is not repeated)")
	}
	s.ref = ref
	return nil
}

// UnmarshalYAML does the same for YAML.
func (s *Secret) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err != nil {
		return errors.New("a secret is written as a reference: env:NAME or file:/path")
	}
	return s.UnmarshalText([]byte(text))
}

// Read returns the secret. The error names the reference, which is no secret.
func (s Secret) Read() (string, error) {
	kind, at, _ := strings.Cut(s.ref, ":")
	switch kind {
	case "env":
		if v := os.Getenv(at); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("environment variable %s is empty or not set", at)
	case "file":
		raw, err := os.ReadFile(at)
		if err != nil {
			return "", fmt.Errorf("read secret: %w", err)
		}
		if v := strings.TrimSpace(string(raw)); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("file %s is empty", at)
	}
	return "", errors.New("no secret is configured")
}
