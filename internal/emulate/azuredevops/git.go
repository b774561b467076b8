package azuredevops

import (
	"cmp"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// newCommit is a commit whose id follows from its content.
func (s *Server) newCommit(repo, parent, author, comment string, files map[string]string) commit {
	c := commit{Repository: repo, Parent: parent, Author: author, Comment: comment, When: s.o.Now(), Files: map[string]string{}}
	for path, text := range files {
		c.Files["/"+strings.TrimPrefix(path, "/")] = text
	}
	h := sha1.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n%d\n", repo, parent, author, comment, c.When.UnixNano())
	for _, path := range slices.Sorted(maps.Keys(c.Files)) {
		fmt.Fprintf(h, "%s\x00%s\x00", path, c.Files[path])
	}
	c.ID = hex.EncodeToString(h.Sum(nil))
	return c
}

func blobID(text string) string {
	sum := sha1.Sum([]byte(fmt.Sprintf("blob %d\x00%s", len(text), text)))
	return hex.EncodeToString(sum[:])
}

func (s *Server) repositoryCalled(c *call) (repository, error) {
	if r, ok := s.repositories.one(term("called", c.project.ID, c.vars["repositoryId"])); ok {
		return r, nil
	}
	return repository{}, missing("GitRepositoryNotFoundException", "TF401019: The Git repository with name or identifier %s does not exist or you do not have permissions for the operation you are attempting.", c.vars["repositoryId"])
}

func (s *Server) repositoryView(c *call, r repository) object {
	v := object{"id": r.ID, "name": r.Name, "project": s.projectRef(c.project), "size": 1024, "isDisabled": false,
		"url":       s.link(c.org, c.project.ID+"/_apis/git/repositories/"+r.ID),
		"remoteUrl": s.link(c.org, c.project.ID+"/_git/"+r.ID), "webUrl": s.link(c.org, c.project.ID+"/_git/"+r.ID)}
	if r.DefaultBranch != "" {
		v["defaultBranch"] = r.DefaultBranch
	}
	return v
}

func (s *Server) listRepositories(c *call) (any, error) {
	var all []object
	for _, r := range s.repositories.where(term("in", c.project.ID)) {
		all = append(all, s.repositoryView(c, r))
	}
	return list(all), nil
}

func (s *Server) getRepository(c *call) (any, error) {
	r, err := s.repositoryCalled(c)
	if err != nil {
		return nil, err
	}
	return s.repositoryView(c, r), nil
}

func (s *Server) listRefs(c *call) (any, error) {
	r, err := s.repositoryCalled(c)
	if err != nil {
		return nil, err
	}
	var all []object
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(r.Refs)), func(name string) bool {
		short := strings.TrimPrefix(name, "refs/")
		return !strings.HasPrefix(short, strings.TrimPrefix(c.q.Get("filter"), "refs/")) || !strings.Contains(short, c.q.Get("filterContains"))
	})
	for _, name := range paged(c, names, 1000, func(name string) string { return name }) {
		all = append(all, object{"name": name, "objectId": r.Refs[name], "creator": s.identityRef(""),
			"url": s.link(c.org, c.project.ID+"/_apis/git/repositories/"+r.ID+"/refs?filter="+strings.TrimPrefix(name, "refs/"))})
	}
	return list(all), nil
}

// commitAt resolves a version descriptor.
func (s *Server) commitAt(r repository, kind, version string) (commit, error) {
	id := ""
	switch enum(kind).in(versionTypes) {
	case "", "branch":
		id = r.Refs[cmp.Or(fullRef(version), r.DefaultBranch)]
	case "commit":
		id = strings.ToLower(version)
	}
	k, ok := s.commits.Get(r.ID + "/" + id)
	if !ok {
		return commit{}, missing("GitUnresolvableToCommitException", "TF401175: The version descriptor <%s: %s > could not be resolved to a version in the repository %s", cmp.Or(kind, "Branch"), version, r.Name)
	}
	return k, nil
}

func (s *Server) getItem(c *call) (any, error) {
	r, err := s.repositoryCalled(c)
	if err != nil {
		return nil, err
	}
	k, err := s.commitAt(r, cmp.Or(c.q.Get("versionDescriptor.versionType"), c.q.Get("versionType")), cmp.Or(c.q.Get("versionDescriptor.version"), c.q.Get("version")))
	if err != nil {
		return nil, err
	}
	named := cmp.Or(c.q.Get("path"), c.vars["path"])
	if level := enum(c.q.Get("recursionLevel")).in(recursions); named == "" || c.q.Has("scopePath") || level != "" && level != "none" {
		return s.listItems(c, r, k, cmp.Or(c.q.Get("scopePath"), named)), nil
	}
	path := "/" + strings.TrimPrefix(named, "/")
	text, ok := k.Files[path]
	if !ok {
		return nil, missing("GitItemNotFoundException", "TF401174: The item '%s' could not be found in the repository '%s' at the version specified by '<%s>' (resolved to commit '%s')", path, r.Name, c.q.Get("versionDescriptor.version"), k.ID)
	}
	accept := c.r.Header.Get("Accept")
	if format := c.q.Get("$format"); strings.Contains(accept, "octet-stream") || strings.EqualFold(format, "octetStream") {
		return plain{"application/octet-stream", text}, nil
	} else if !strings.Contains(accept, "json") && !strings.EqualFold(format, "json") || strings.EqualFold(format, "text") {
		return plain{"text/plain", text}, nil
	}
	v := s.itemView(c, r, k, path)
	v["latestProcessedChange"] = object{"commitId": k.ID}
	if strings.EqualFold(c.q.Get("includeContentMetadata"), "true") {
		v["contentMetadata"] = object{"encoding": 65001, "contentType": "text/plain", "fileName": path[strings.LastIndex(path, "/")+1:]}
	}
	if strings.EqualFold(c.q.Get("includeContent"), "true") {
		v["content"] = text
	}
	return v, nil
}

func (s *Server) itemView(c *call, r repository, k commit, path string) object {
	return object{"objectId": blobID(k.Files[path]), "gitObjectType": "blob", "commitId": k.ID, "path": path,
		"url": s.link(c.org, c.project.ID+"/_apis/git/repositories/"+r.ID+"/items"+path+"?versionType=Commit&version="+k.ID)}
}

// listItems lists a folder: what lies in it, or, with the recursion "full", everything
// below it.
func (s *Server) listItems(c *call, r repository, k commit, folder string) object {
	folder = "/" + strings.Trim(folder, "/")
	within := strings.TrimSuffix(folder, "/") + "/"
	full := enum(c.q.Get("recursionLevel")).in(recursions) == "full"
	all, seen := []object{}, map[string]bool{}
	tree := func(path string) {
		if !seen[path] {
			seen[path] = true
			all = append(all, object{"objectId": blobID(path), "gitObjectType": "tree", "commitId": k.ID, "path": path, "isFolder": true,
				"url": s.link(c.org, c.project.ID+"/_apis/git/repositories/"+r.ID+"/items"+path+"?versionType=Commit&version="+k.ID)})
		}
	}
	if k.Files[folder] == "" {
		tree(folder)
	}
	for _, path := range sortedKeys(k.Files) {
		rest, inside := strings.CutPrefix(path, within)
		if !inside && path != folder {
			continue
		}
		parts := strings.Split(rest, "/")
		for i := 1; inside && i < len(parts) && (full || i == 1); i++ {
			tree(within + strings.Join(parts[:i], "/"))
		}
		if full || len(parts) == 1 {
			all = append(all, s.itemView(c, r, k, path))
		}
	}
	return list(all)
}

func (s *Server) commitView(c *call, k commit) object {
	by := object{"name": k.Author, "email": "", "date": when(k.When)}
	parents := []string{}
	if k.Parent != "" {
		parents = append(parents, k.Parent)
	}
	return object{"commitId": k.ID, "author": by, "committer": by, "comment": k.Comment, "parents": parents,
		"url": s.link(c.org, c.project.ID+"/_apis/git/repositories/"+k.Repository+"/commits/"+k.ID)}
}

func (s *Server) listCommits(c *call) (any, error) {
	r, err := s.repositoryCalled(c)
	if err != nil {
		return nil, err
	}
	k, err := s.commitAt(r, c.q.Get("searchCriteria.itemVersion.versionType"), c.q.Get("searchCriteria.itemVersion.version"))
	if err != nil {
		return nil, err
	}
	top, err := strconv.Atoi(cmp.Or(c.q.Get("searchCriteria.$top"), c.q.Get("$top")))
	if err != nil || top < 1 {
		top = 100
	}
	var all []object
	for ok := true; ok && len(all) < top; k, ok = s.commits.Get(r.ID + "/" + k.Parent) {
		all = append(all, s.commitView(c, k))
	}
	return list(all), nil
}

func (s *Server) getCommit(c *call) (any, error) {
	r, err := s.repositoryCalled(c)
	if err != nil {
		return nil, err
	}
	k, err := s.commitAt(r, "commit", c.vars["commitId"])
	if err != nil {
		return nil, err
	}
	return s.commitView(c, k), nil
}

// sentPush is a push of one commit per ref, as callers send it.
type sentPush struct {
	RefUpdates []struct{ Name, OldObjectID string }
	Commits    []struct {
		Comment string
		Changes []struct {
			ChangeType enum
			Item       struct{ Path string }
			NewContent struct {
				Content     string
				ContentType enum
			}
		}
	}
}

const noCommit = "0000000000000000000000000000000000000000"

func (s *Server) createPush(c *call) (any, error) {
	r, err := s.repositoryCalled(c)
	if err != nil {
		return nil, err
	}
	var in sentPush
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.RefUpdates) != 1 || len(in.Commits) != 1 {
		return nil, bad("ArgumentException", "This emulator takes pushes of one commit to one ref.")
	}
	ref := in.RefUpdates[0].Name
	if !s.may(c.who, c.project.ID, RightPush) {
		return nil, refuse(http.StatusForbidden, "GitNeedsPermissionException", "TF401027: You need the Git 'GenericContribute' permission to perform this action.")
	}
	if slices.ContainsFunc(s.policiesOn(r.ID, ref), func(p policy) bool { return p.Enabled && p.Blocking }) {
		return nil, refuse(http.StatusForbidden, "GitRefUpdateRejectedByPolicyException", "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch.")
	}
	if old := cmp.Or(r.Refs[ref], noCommit); !strings.EqualFold(old, in.RefUpdates[0].OldObjectID) {
		return nil, refuse(http.StatusConflict, "GitReferenceStaleException", "TF401028: The reference '%s' has already been updated by another client, so you cannot update it. Please try again.", ref)
	}
	files := map[string]string{}
	if k, ok := s.commits.Get(r.ID + "/" + r.Refs[ref]); ok {
		files = maps.Clone(k.Files)
	}
	for _, change := range in.Commits[0].Changes {
		text := change.NewContent.Content
		if change.NewContent.ContentType.in(contentTypes) == "base64encoded" {
			raw, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, bad("ArgumentException", "The content of %s is not base64.", change.Item.Path)
			}
			text = string(raw)
		}
		path := "/" + strings.TrimPrefix(change.Item.Path, "/")
		if delete(files, path); change.ChangeType.in(changeTypes) != "delete" {
			files[path] = text
		}
	}
	k, err := s.push(r, ref, c.who.Name, in.Commits[0].Comment, files)
	if err != nil {
		return nil, err
	}
	return withStatus{http.StatusCreated, object{"pushId": 1, "date": when(k.When), "commits": []object{s.commitView(c, k)},
		"refUpdates": []object{{"name": ref, "oldObjectId": cmp.Or(k.Parent, noCommit), "newObjectId": k.ID, "repositoryId": r.ID}},
		"repository": s.repositoryView(c, r)}}, nil
}

func (s *Server) push(r repository, ref, author, comment string, files map[string]string) (commit, error) {
	k := s.newCommit(r.ID, r.Refs[ref], author, comment, files)
	r.Refs = maps.Clone(r.Refs)
	r.Refs[ref] = k.ID
	if r.DefaultBranch == "" {
		r.DefaultBranch = ref
	}
	return k, s.saved(s.commits.Put(r.ID+"/"+k.ID, k), s.repositories.Put(r.ID, r))
}
