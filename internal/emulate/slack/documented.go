package slack

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// commonErrors are what Slack's documentation lists for every method.
const commonErrors = "access_denied accesslimited account_inactive deprecated_endpoint ekm_access_denied " +
	"enterprise_is_restricted fatal_error internal_error invalid_arg_name invalid_arguments " +
	"invalid_array_arg invalid_auth invalid_charset invalid_form_data invalid_post_type method_deprecated " +
	"missing_post_type missing_scope no_permission not_allowed_token_type not_authed org_login_required " +
	"ratelimited request_timeout service_unavailable team_access_not_granted team_added_to_org " +
	"token_expired token_revoked two_factor_setup_required"

// documented are the errors that Slack's documentation lists for each method, and the
// only ones that this answers besides the common ones. api.test and blocks.validate
// have no published list.
var documented = map[string]string{
	"api.test":        "",
	"blocks.validate": "invalid_blocks",

	"apps.connections.open": "forbidden_team insecure_request missing_args",
	"apps.manifest.validate": "app_not_eligible app_not_owned_by_manager_app failed_adding_collaborator failed_creating_app " +
		"invalid_app invalid_app_id invalid_manifest unknown_method",
	"auth.test":         "",
	"chat.delete":       "cant_delete_message channel_not_found message_not_found",
	"chat.getPermalink": "channel_not_found message_not_found",
	"chat.postEphemeral": "cannot_reply_to_message channel_not_found invalid_attachments invalid_blocks invalid_blocks_format " +
		"is_archived markdown_text_conflict message_limit_exceeded messages_tab_disabled msg_too_long no_text " +
		"not_in_channel restricted_action too_many_attachments user_not_in_channel",
	"chat.postMessage": "as_user_not_supported attachment_payload_limit_exceeded cannot_reply_to_message channel_not_found " +
		"draft_already_deleted draft_already_sent draft_has_conflict draft_not_found " +
		"duplicate_channel_not_found duplicate_message_not_found invalid_blocks invalid_blocks_format " +
		"invalid_metadata_format invalid_metadata_schema is_archived markdown_text_conflict " +
		"message_limit_exceeded messages_tab_disabled metadata_must_be_sent_from_app metadata_too_large " +
		"missing_file_data msg_blocks_too_long no_text not_in_channel rate_limited restricted_action " +
		"restricted_action_non_threadable_channel restricted_action_read_only_channel " +
		"restricted_action_thread_locked restricted_action_thread_only_channel " +
		"slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked " +
		"slack_connect_lists_sharing_blocked team_not_found too_many_attachments too_many_contact_cards",
	"chat.update": "as_user_not_supported block_mismatch blocked_file_type cant_broadcast_message cant_update_message " +
		"channel_not_found edit_window_closed external_channel_migrating file_deleted file_is_deleted " +
		"file_not_found file_share_limit_reached invalid_attachments invalid_blocks invalid_blocks_format " +
		"invalid_metadata_format invalid_metadata_schema is_inactive markdown_text_conflict " +
		"max_file_sharing_exceeded message_limit_exceeded message_not_found metadata_must_be_sent_from_app " +
		"metadata_too_large msg_too_long no_dual_broadcast_content_update no_text posting_to_channel_denied " +
		"slack_connect_blocked_file_type slack_connect_canvas_sharing_blocked " +
		"slack_connect_clip_sharing_blocked slack_connect_file_link_sharing_blocked " +
		"slack_connect_file_upload_sharing_blocked streaming_state_conflict team_not_found " +
		"too_many_attachments unable_to_share_files update_failed",
	"conversations.history": "channel_is_limited_access channel_not_found invalid_cursor invalid_metadata_filter_keys " +
		"invalid_ts_latest invalid_ts_oldest not_in_channel",
	"conversations.info": "channel_is_limited_access channel_not_found",
	"conversations.list": "invalid_cursor invalid_limit invalid_types method_not_supported_for_channel_type missing_argument",
	"conversations.members": "channel_not_found fetch_members_failed invalid_cursor invalid_limit " +
		"method_not_supported_for_channel_type",
	"conversations.open": "channel_not_found invalid_user_combination method_not_supported_for_channel_type not_enough_users " +
		"too_many_users user_disabled user_not_found user_not_visible users_list_not_supplied",
	"conversations.replies": "channel_not_found invalid_cursor invalid_metadata_filter_keys invalid_ts_latest invalid_ts_oldest " +
		"list_record_comment_fetch_failed method_not_supported_for_channel_type thread_not_found",
	"files.completeUploadExternal": "channel_not_found channels_limit_exceeded file_not_found file_type_not_allowed file_update_failed " +
		"file_uploads_except_images_disabled invalid_blocks invalid_channel not_in_channel " +
		"posting_to_channel_denied",
	"files.getUploadURLExternal": "alt_txt_too_large file_type_not_allowed file_upload_size_restricted file_uploads_disabled " +
		"file_uploads_except_images_disabled missing_argument snippet_too_large storage_limit_reached " +
		"unknown_snippet_type unknown_subtype",
	"usergroups.list":       "invalid_cursor invalid_team missing_argument plan_upgrade_required users_not_found",
	"usergroups.users.list": "invalid_cursor no_such_subteam plan_upgrade_required",
	"users.info":            "too_many_users user_not_found user_not_visible",
	"users.list":            "invalid_cursor limit_required missing_argument",
	"users.lookupByEmail":   "users_not_found",
	"views.open":            "duplicate_external_id exchanged_trigger_id expired_trigger_id invalid_trigger_id view_too_large",
	"views.publish":         "duplicate_external_id hash_conflict missing_profile_id not_enabled not_implemented view_too_large",
	"views.push": "duplicate_external_id exchanged_trigger_id expired_trigger_id invalid_trigger_id not_found " +
		"push_limit_reached view_too_large",
	"views.update": "duplicate_external_id hash_conflict not_found view_too_large",
}

// mayAnswer says whether Slack's documentation knows a code at a method.
func mayAnswer(name, code string) bool {
	own, known := documented[name]
	return known && (slices.Contains(strings.Fields(own), code) || slices.Contains(strings.Fields(commonErrors), code)) ||
		name == "api.test" // which answers what it is asked to
}

// onlyDocumented turns an error into one that the method's documentation knows. One
// that it does not know is a mistake of this emulator, and tests fail for it.
func (s *Server) onlyDocumented(name string, err error) error {
	var e *apiError
	if !errors.As(err, &e) {
		return err
	}
	if other, ok := methods[name].instead[e.code]; ok {
		e = &apiError{code: other, messages: e.messages, more: e.more}
	}
	if !mayAnswer(name, e.code) {
		s.refusals.slip(name + " answers " + e.code)
		return no("internal_error")
	}
	return e
}

// refusals are errors that methods were told to answer.
type refusals struct {
	mu    sync.Mutex
	left  map[string][]string // codes by method, the next one first
	slips []string            // undocumented answers that were kept from going out
}

func (r *refusals) slip(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slips = append(r.slips, what)
}

// Refuse makes the next calls of a method answer an error that its documentation
// lists: what cannot be brought about otherwise, such as storage_limit_reached.
func (s *Server) Refuse(name, code string, times int) error {
	if _, ok := methods[name]; !ok || !mayAnswer(name, code) {
		return fmt.Errorf("%s does not answer %s: %w", name, code, ErrRefused)
	}
	s.refusals.mu.Lock()
	defer s.refusals.mu.Unlock()
	if s.refusals.left == nil {
		s.refusals.left = map[string][]string{}
	}
	s.refusals.left[name] = append(s.refusals.left[name], slices.Repeat([]string{code}, max(0, times))...)
	return nil
}

// next is the error that a call was told to answer, if it was.
func (r *refusals) next(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.left[name]
	if len(l) == 0 {
		return nil
	}
	if r.left[name] = l[1:]; len(l) == 1 {
		delete(r.left, name)
	}
	e := no(l[0])
	if e.code == "ratelimited" {
		e.more = object{"retry_after": 1}
	}
	return e
}
