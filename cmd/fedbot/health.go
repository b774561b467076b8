package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// healthCommand is for container images that hold nothing but fedbot, and so no
// program that could ask. People read /healthz and /readyz.
func healthCommand() *cobra.Command {
	var url string
	c := &cobra.Command{
		Use: "healthcheck", Short: "Ask a running fedbot whether it is well", Hidden: true, Args: exactly(0, "flags only"),
		RunE: func(c *cobra.Command, _ []string) error { return healthy(c.Context(), url) },
	}
	c.Flags().StringVar(&url, "url", "http://127.0.0.1:7071/healthz", "address to ask")
	return c
}

// healthy asks once and directly: a proxy's answer would be the proxy's health.
func healthy(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	resp, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}
