package azuredevops

import (
	"fmt"
	"maps"
)

// Merge leaves on a branch what a pull request leaves that its reviewers have
// approved: one commit with these files. It is how a sandbox changes a protected
// branch, which no push may.
func (s *Server) Merge(org, projectName, repositoryID, branch, author string, files map[string]string) (commitID string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, p, err := s.place(org, projectName)
	if err != nil {
		return "", fmt.Errorf("merge: %w", err)
	}
	r, ok := s.repositories.Get(repositoryID)
	if !ok || r.Project != p.ID {
		return "", fmt.Errorf("merge: no repository %s in %s", repositoryID, p.Name)
	}
	ref := fullRef(branch)
	all := map[string]string{}
	if k, ok := s.commits.Get(r.ID + "/" + r.Refs[ref]); ok {
		all = maps.Clone(k.Files)
	}
	maps.Copy(all, files)
	k, err := s.push(r, ref, author, "Merge a pull request", all)
	return k.ID, err
}
