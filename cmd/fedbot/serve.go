package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"fedbot/internal/app"
	"fedbot/internal/config"
)

func serveCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "serve --config FILE", Short: "Run the bot and its worker", Args: exactly(0, "flags only"),
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := config.Load(file)
			if err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(os.Stderr, nil))
			a, err := app.New(c.Context(), app.Options{Config: conf, Log: log})
			if err != nil {
				return err
			}
			defer a.Close()
			log.Info("serving", "slack", a.Addr(), "socket", conf.Store.Socket, "real", conf.Real())
			return a.Run(c.Context())
		},
	}
	c.Flags().StringVar(&file, "config", "", "configuration file")
	required(c, "config")
	return c
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: exactly(0, "no words"),
		RunE: func(c *cobra.Command, _ []string) error {
			version, revision := "development", ""
			if info, ok := debug.ReadBuildInfo(); ok {
				if v := info.Main.Version; v != "" && v != "(devel)" {
					version = v
				}
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = " " + s.Value
					}
				}
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "fedbot %s%s\n", version, revision)
			return err
		},
	}
}
