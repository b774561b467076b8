package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"fedbot/internal/app"
	"fedbot/internal/console"
	"fedbot/workflows"
)

func dbCommand() *cobra.Command {
	c := &cobra.Command{Use: "db", Short: "Check, back up, restore and export the store", Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(dbCheckCommand(), dbCopyCommand("backup", "Copy the store while fedbot runs"),
		dbCopyCommand("export", "Write everything as lines of JSON"), dbRestoreCommand())
	return c
}

// dbCheckCommand asks the running fedbot; if none runs, it opens the file itself.
func dbCheckCommand() *cobra.Command {
	var h host
	var file string
	c := &cobra.Command{
		Use: "check", Short: "Fold every history again and compare it with what is stored", Args: exactly(0, "flags only"),
		RunE: func(c *cobra.Command, _ []string) error {
			ok, err := viaHost(&h, file, "check", c.OutOrStdout(), c)
			if err != nil {
				return err
			}
			if !ok {
				return workflows.Refuse("inconsistent", "The store is not consistent; the lines above say where. Restore a backup into a new file, or ask for help with them at hand.")
			}
			return nil
		},
	}
	h.flags(c)
	c.Flags().StringVar(&file, "file", "", "check this file, which no fedbot may be serving")
	return c
}

func dbCopyCommand(what, short string) *cobra.Command {
	var h host
	var file, to string
	c := &cobra.Command{
		Use: what + " --to FILE", Short: short, Args: exactly(0, "flags only"),
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fmt.Errorf("write %s: %w", what, err)
			}
			_, err = viaHost(&h, file, what, out, c)
			if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
				return errors.Join(err, os.Remove(to))
			}
			fmt.Fprintf(c.ErrOrStderr(), "Written: %s\n", to)
			return nil
		},
	}
	h.flags(c)
	c.Flags().StringVar(&file, "file", "", "read this file, which no fedbot may be serving")
	c.Flags().StringVar(&to, "to", "", "new file to write")
	required(c, "to")
	return c
}

func viaHost(h *host, file, what string, w io.Writer, c *cobra.Command) (bool, error) {
	if file != "" {
		return app.File(c.Context(), file, what, w)
	}
	path, err := h.path()
	if err != nil {
		return false, err
	}
	return console.Dial(path).Get(c.Context(), what, w)
}

func dbRestoreCommand() *cobra.Command {
	var from, to string
	c := &cobra.Command{
		Use: "restore --from FILE --to FILE", Short: "Make a new store from a backup or an export", Args: exactly(0, "flags only"),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := app.Restore(c.Context(), from, to); err != nil {
				return err
			}
			fmt.Fprintf(c.ErrOrStderr(), "Restored into %s. It is older than the world: run fedbot drift first and look at what no federation claims.\n", to)
			return nil
		},
	}
	c.Flags().StringVar(&from, "from", "", "backup or export to read")
	c.Flags().StringVar(&to, "to", "", "new file to write")
	required(c, "from", "to")
	return c
}
