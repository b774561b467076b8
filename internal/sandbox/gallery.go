package sandbox

import (
	"net/http"

	"fedbot/internal/app"
)

// getGallery draws everything that fedbot says, whether fedbot runs or not.
func getGallery(w http.ResponseWriter, _ *http.Request) {
	all, err := app.Gallery()
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, all)
}
