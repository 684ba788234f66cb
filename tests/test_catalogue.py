"""The table of bad inputs: every case of the security catalogue that touches what exists, and the tests that hold it.

Groups B (prompts, templates, parameters), C (model endpoints) and D (the sandbox) whole, of E what ReAct and its tools
do, and of F the cases on references and files. The tests stand beside what they test; this table shows gaps, and fails
when a test it names is gone.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PARAMS, REQUEST = "core/generation/test_params.py", "core/cli/test_generate.py"
ENDPOINT_CALLS = "core/generation/endpoints/test_openai.py"
OPENAI, ENDPOINTS = "core/generation/endpoints/test_openai_faults.py", "core/models/test_endpoints.py"
DECODING, LOOP = "core/generation/test_decoding.py", "core/generation/test_decoder.py"
PRESETS, SAFETY, CHAT = "core/prompts/test_presets.py", "core/models/test_safety.py", "core/models/test_chat.py"
PLAYGROUND, JOURNEY = "pages/test_playground.py", "e2e/test_playground_journey.py"
TEMPLATE, YAML, LIBRARY = (f"core/prompts/test_{name}.py" for name in ("template", "strict_yaml", "library"))
FORMATS, FOLDER = "core/prompts/test_formats_hostile.py", "core/prompts/test_folder.py"
LIBRARY_PAGE, LIBRARY_JOURNEY = "pages/test_library.py", "e2e/test_library_journey.py"
LAB_PAGE, LAB_JOURNEY = "pages/test_lab.py", "e2e/test_lab_journey.py"
TECHNIQUES, BAD_INPUT, REACT, PARSING = (
    f"core/techniques/test_{name}.py" for name in ("techniques", "bad_input", "react", "react_parsing")
)
TOOLBOX, WIKIPEDIA, SEARCH = (f"core/tools/test_{name}.py" for name in ("toolbox", "wikipedia", "search"))
ANSWERING, PASSAGES = (f"core/documents/answering/test_{name}.py" for name in ("answering", "passages"))
STORED, DOCS_ASK = "core/tools/test_stored_collections.py", "core/cli/test_docs_ask.py"
CALCULATOR, PYTHON, DIFF = "core/tools/test_calculator.py", "core/tools/test_python.py", "core/prompts/test_diff.py"
ESCAPES, TRAPS, SANDBOX = (f"core/sandbox/test_{name}.py" for name in ("escapes", "traps", "run"))
SECCOMP, SOURCE = "core/sandbox/test_seccomp.py", "core/sandbox/test_source.py"
OUT = (ESCAPES, "test_nothing_gets_out")
"""Runs every program of `escapes.PROCESSES`, `FILES`, `NETWORK`, `KERNEL` and `PYTHON` in both engines."""
GREEDY = (ESCAPES, "test_a_greedy_program_is_stopped_and_costs_this_process_nothing")
NO_CALL = (ESCAPES, "test_no_forbidden_call_succeeds")

CASES: dict[int, tuple[str, list[tuple[str, str]]]] = {
    25: (
        "template code in a prompt is text",
        [
            (PARAMS, "test_unusual_text_passes_unchanged"),
            (TEMPLATE, "test_everything_but_a_name_in_double_braces_is_printed_as_it_stands"),
            (TEMPLATE, "test_a_huge_template_takes_no_longer_than_its_length"),
            (FORMATS, "test_nothing_in_a_file_reaches_out"),
        ],
    ),
    26: (
        "variables: missing, unused, values that hold one",
        [
            (TEMPLATE, "test_a_missing_variable_is_named_and_an_unused_one_can_be"),
            (TEMPLATE, "test_a_value_is_never_looked_at_again"),
            (FORMATS, "test_values_never_become_messages_or_templates"),
            (LIBRARY_PAGE, "test_what_is_missing_stands_as_a_variable_and_nothing_can_be_sent"),
            (BAD_INPUT, "test_a_wording_with_a_variable_that_nobody_fills_in_is_refused_before_anything_is_asked"),
        ],
    ),
    27: (
        "YAML that constructs objects, alias bombs",
        [
            (PRESETS, "test_a_bad_file_is_one_sentence_and_hides_nothing_else"),
            (YAML, "test_what_is_dangerous_or_broken_is_one_sentence"),
            (FORMATS, "test_yaml_that_builds_unfolds_or_contradicts_itself_is_refused"),
        ],
    ),
    28: (
        "names that leave the folder, links, huge or undecodable files, two who save at once",
        [
            (PRESETS, "test_a_name_that_leaves_its_folder_is_refused"),
            (PRESETS, "test_a_link_is_not_followed"),
            (PRESETS, "test_a_file_with_a_byte_order_mark_and_windows_lines_is_read"),
            (PRESETS, "test_of_many_who_save_one_name_at_once_one_wins"),
            (PRESETS, "test_a_write_that_fails_keeps_the_old_file"),
            (FOLDER, "test_a_name_that_leaves_the_folder_or_breaks_a_system_is_refused"),
            (FOLDER, "test_an_uploaded_file_stays_in_the_folder_whatever_it_is_called"),
            (FOLDER, "test_links_are_neither_read_nor_written_through"),
            (FOLDER, "test_a_file_that_is_no_prompt_is_one_sentence_in_the_list_and_can_be_repaired"),
            (FORMATS, "test_bytes_that_are_no_text_are_refused"),
            (LIBRARY, "test_a_file_that_changed_on_disk_meanwhile_is_a_conflict_with_both_texts"),
            (LIBRARY, "test_a_file_that_was_deleted_meanwhile_is_a_conflict_with_your_text"),
            (LIBRARY, "test_of_many_who_save_at_once_one_wins_and_the_others_hear_it"),
            (LIBRARY, "test_of_many_processes_one_wins"),
            (LIBRARY, "test_killed_before_the_rename_the_old_file_is_whole"),
            (LIBRARY_JOURNEY, "test_two_people_and_git_lose_nothing"),
        ],
    ),
    29: (
        "temperature",
        [(PARAMS, "test_a_bad_value_is_one_sentence_that_names_it"), (REQUEST, "test_bad_input_is_one_sentence")],
    ),
    30: (
        "the other parameters",
        [
            (PARAMS, "test_a_bad_value_is_one_sentence_that_names_it"),
            (FORMATS, "test_parameters_out_of_range_are_named_when_they_are_used_not_lost"),
        ],
    ),
    31: ("max_tokens over the window", [(DECODING, "test_context_overflow_is_refused_with_the_three_numbers")]),
    32: (
        "a prompt over the window",
        [
            (REQUEST, "test_a_prompt_over_the_window_is_refused_with_the_three_numbers"),
            (OPENAI, "test_more_tokens_than_the_context_are_refused_before_any_work"),
            (TECHNIQUES, "test_examples_that_do_not_fit_are_left_out_and_named"),
            (TECHNIQUES, "test_thoughts_that_outgrow_the_window_lose_their_middle_and_a_step_says_so"),
            (REACT, "test_long_observations_are_cut_and_then_made_to_fit"),
        ],
    ),
    33: ("empty prompts, 10,000 turns", [(PARAMS, "test_a_bad_request_is_one_sentence")]),
    34: (
        "unusual Unicode",
        [
            (PARAMS, "test_unusual_text_passes_unchanged"),
            (REQUEST, "test_escape_sequences_do_not_reach_a_terminal"),
            (LIBRARY, "test_text_is_saved_letter_by_letter"),
            (FORMATS, "test_half_a_character_is_not_text"),
            ("core/prompts/test_formats_round_trip.py", "test_a_prompt_that_was_not_changed_keeps_every_byte"),
            (DIFF, "test_both_texts_are_in_the_rows_letter_by_letter"),
            (DIFF, "test_what_the_eye_cannot_see_is_a_change"),
            (LIBRARY_PAGE, "test_whatever_is_in_a_file_is_shown_letter_by_letter"),
        ],
    ),
    35: ("typed special tokens switch no role", [(CHAT, "test_special_tokens_that_a_person_typed_switch_no_role")]),
    36: ("stop strings, seeds, unknown settings", [(PARAMS, "test_a_bad_value_is_one_sentence_that_names_it")]),
    37: (
        "every status, HTML, empty choices",
        [
            (OPENAI, "test_a_fault_is_one_sentence_without_the_key"),
            (OPENAI, "test_passing_errors_are_tried_again"),
            (OPENAI, "test_lasting_errors_are_not_tried_again"),
            (OPENAI, "test_tries_are_capped"),
        ],
    ),
    38: (
        "a stream that breaks, stalls, never ends",
        [
            (OPENAI, "test_a_broken_stream_keeps_what_had_arrived"),
            (OPENAI, "test_characters_split_across_writes_and_a_double_end"),
            (OPENAI, "test_a_huge_reply_is_cut_off"),
            (OPENAI, "test_a_stall_counts_as_dead_after_the_endpoint_s_timeout"),
        ],
    ),
    39: (
        "names, certificates, proxies, keys over http",
        [
            (OPENAI, "test_no_server_and_no_such_name"),
            (OPENAI, "test_proxy_that_wants_a_password"),
            (OPENAI, "test_a_self_signed_certificate_is_not_trusted"),
            (ENDPOINTS, "test_a_key_over_plain_http_to_another_machine"),
        ],
    ),
    40: ("only endpoints an administrator listed", [(ENDPOINTS, "test_an_unknown_endpoint_names_the_known")]),
    41: (
        "refresh in mid-answer",
        [
            (JOURNEY, "test_an_answer_survives_a_slider_a_page_a_refresh_and_opens_in_a_second_browser"),
            (LAB_JOURNEY, "test_an_example_is_compared_watched_refreshed_and_seen_elsewhere"),
        ],
    ),
    42: (
        "stop anywhere",
        [
            (LOOP, "test_cancelled_within_one_token"),
            (LOOP, "test_a_queued_job_is_cancelled_while_others_run"),
            (OPENAI, "test_cancel_ends_a_stalled_call_and_its_connection"),
            ("core/generation/test_engine_llamacpp.py", "test_cancel_during_prefill"),
            (REACT, "test_stop_within_a_tool_ends_the_run"),
            (TOOLBOX, "test_stop_ends_a_tool_that_hangs"),
            (WIKIPEDIA, "test_stop_does_not_wait_for_a_server_that_stalls"),
            (SANDBOX, "test_cancel_kills_a_running_program"),
            (LAB_JOURNEY, "test_one_is_stopped_in_another_browser_and_a_double_click_is_one_start"),
        ],
    ),
    43: (
        "many at once, none sees another's",
        [
            ("core/generation/test_runs.py", "test_many_runs_at_once_keep_apart"),
            (LOOP, "test_more_than_may_wait_are_refused_as_busy"),
        ],
    ),
    44: (
        "a double click is one run",
        [
            (PLAYGROUND, "test_an_example_is_one_click_and_one_run"),
            (LAB_JOURNEY, "test_one_is_stopped_in_another_browser_and_a_double_click_is_one_start"),
            (LIBRARY_PAGE, "test_a_double_click_is_one_version"),
        ],
    ),
    45: (
        "processes, forks, daemons, threads",
        [
            OUT,
            (ESCAPES, "test_no_process_is_left"),
            (TRAPS, "test_2_a_burst_of_forks_hurts_nobody_else"),
            (TRAPS, "test_3_no_daemon_survives"),
        ],
    ),
    46: (
        "files, environments and descriptors of this machine",
        [
            OUT,
            (ESCAPES, "test_a_program_holds_no_descriptor_but_its_own"),
            (TRAPS, "test_1_the_jail_is_started_with_an_empty_environment"),
            (TRAPS, "test_5_the_host_is_out_of_reach"),
        ],
    ),
    47: (
        "writing outside, links, a full disk, many files",
        [OUT, GREEDY, (ESCAPES, "test_only_the_scratch_folder_can_be_written_and_it_is_small")],
    ),
    48: ("every kind of socket", [OUT, NO_CALL, (ESCAPES, "test_the_filter_itself_says_no")]),
    49: (
        "programs without end",
        [
            (ESCAPES, "test_a_program_without_end_is_killed"),
            (TRAPS, "test_6_a_calculation_in_c_is_killed_from_outside"),
        ],
    ),
    50: ("memory, deep recursion", [GREEDY, (ESCAPES, "test_the_peak_of_a_process_stays_low_too")]),
    51: ("ways through the objects of Python", [OUT]),
    52: (
        "C calls, crashes, forged answers",
        [
            OUT,
            NO_CALL,
            (ESCAPES, "test_another_table_of_calls_kills"),
            (ESCAPES, "test_of_all_calls_the_kernel_answers_only_those_on_the_list"),
            (SECCOMP, "test_forbidden_calls_fail_whatever_they_are_given"),
            (SECCOMP, "test_no_call_is_allowed_that_is_not_in_the_table"),
            (ESCAPES, "test_nothing_gets_out_of_a_batch_or_into_the_next_program"),
            (SANDBOX, "test_a_program_can_cheat_only_itself"),
            (SANDBOX, "test_an_answer_that_is_none_is_text_at_most"),
        ],
    ),
    53: (
        "floods of output, NUL, escape sequences, markup",
        [
            GREEDY,
            OUT,
            (SANDBOX, "test_output_is_cut_at_the_limit_and_says_so"),
            (LAB_PAGE, "test_whatever_a_model_wrote_is_shown_letter_by_letter"),
            ("core/cli/test_score.py", "test_text_of_a_model_cannot_take_over_the_terminal"),
        ],
    ),
    54: (
        "signals to others, their limits, ptrace, namespaces",
        [OUT, NO_CALL, (TRAPS, "test_5_the_host_is_out_of_reach"), (TRAPS, "test_7_namespaces_cannot_be_made_inside")],
    ),
    55: (
        "input, exit, no answer, odd answers",
        [
            OUT,
            (SANDBOX, "test_the_value"),
            (SANDBOX, "test_a_program_may_say_that_it_is_done"),
            (SANDBOX, "test_odd_programs_end_in_words"),
            ("core/evals/test_programs.py", "test_programs_fail_in_every_way_and_none_of_it_is_an_answer"),
        ],
    ),
    56: (
        "no jail: full Python is off, and nothing falls back",
        [
            (TRAPS, "test_8_without_namespaces_full_python_is_off_and_says_why"),
            (TRAPS, "test_9_without_bubblewrap_nothing_falls_back"),
            (TRAPS, "test_9_a_jail_that_lets_out_fails_its_self_test"),
            (TRAPS, "test_9_bubblewrap_that_disappears_later_is_missed"),
            (TRAPS, "test_9_a_filter_that_the_kernel_refuses_runs_nothing"),
            (TRAPS, "test_9_a_program_does_not_start_without_its_filter"),
            (TECHNIQUES, "test_pal_without_a_sandbox_says_so_and_runs_nothing"),
            ("core/cli/test_exec.py", "test_without_a_jail_it_says_why"),
        ],
    ),
    57: (
        "a key in the environment is invisible in every engine",
        [
            OUT,
            (TRAPS, "test_1_the_jail_is_started_with_an_empty_environment"),
            (PYTHON, "test_it_sees_nothing_of_the_machine"),
        ],
    ),
    58: (
        "many at once, some of them loops; a limit for each user",
        [
            (ESCAPES, "test_loops_among_a_hundred_programs_die_and_the_others_finish"),
            (SANDBOX, "test_a_user_has_two_programs_at_once_and_others_do_not_wait_for_them"),
            (SANDBOX, "test_a_long_queue_is_busy_and_waiting_can_be_cancelled"),
        ],
    ),
    59: (
        "programs in replies: fences, prose, prompts, tabs, bent quotes, 200 KB, Python 2",
        [
            (SOURCE, "test_the_program_is_found"),
            (SOURCE, "test_bent_quotes_become_straight_only_where_python_cannot_be_otherwise"),
            (SOURCE, "test_what_does_not_parse_comes_back_for_the_engine_to_judge"),
            (SOURCE, "test_a_long_program_is_taken_whole"),
            (SOURCE, "test_garbage_never_raises"),
        ],
    ),
    60: (
        "a document that gives orders",
        [
            (PASSAGES, "test_no_passage_holds_the_mark_a_number_or_a_token"),
            (PASSAGES, "test_a_passage_that_imitates_the_prompt_is_one_passage"),
            (PASSAGES, "test_special_tokens_of_a_passage_stay_text_in_the_tokens_sent"),
            (PASSAGES, "test_a_file_s_name_is_one_line_and_gives_no_orders"),
            (REACT, "test_what_a_document_says_is_never_carried_out"),
            (REACT, "test_what_the_model_makes_up_is_never_carried_out"),
            (PARSING, "test_a_made_up_observation_is_never_read"),
            (PYTHON, "test_it_sees_nothing_of_the_machine"),
        ],
    ),
    61: (
        "pictures and links of a document are not fetched",
        [
            (PASSAGES, "test_a_passage_that_imitates_the_prompt_is_one_passage"),
            (LAB_PAGE, "test_whatever_a_model_wrote_is_shown_letter_by_letter"),
            (LIBRARY_JOURNEY, "test_nothing_in_a_file_takes_effect"),
        ],
    ),
    62: (
        "ReAct: unknown tools, malformed actions, loops, no end, huge, failing and slow tools",
        [
            (REACT, "test_an_unknown_tool_is_told_which_there_are"),
            (PARSING, "test_no_action_is_no_action"),
            (PARSING, "test_any_json_is_taken_apart"),
            (REACT, "test_a_repeated_action_is_told_and_then_ends"),
            (REACT, "test_after_the_last_step_it_has_to_answer"),
            (REACT, "test_a_model_that_never_finishes_does_not_run_for_ever"),
            (TOOLBOX, "test_a_long_observation_is_cut_and_says_so"),
            (TOOLBOX, "test_what_a_tool_raises_is_an_observation"),
            (TOOLBOX, "test_a_tool_that_takes_too_long_is_given_up_and_told"),
            (REACT, "test_a_tool_that_fails_does_not_end_the_run"),
            (TECHNIQUES, "test_a_run_is_stored_and_found_again"),
        ],
    ),
    63: (
        "the calculator",
        [
            (CALCULATOR, "test_what_it_cannot_do_is_one_sentence"),
            (CALCULATOR, "test_it_reads_what_people_write"),
            (CALCULATOR, "test_any_text_gives_a_value_or_a_reason"),
        ],
    ),
    64: (
        "Wikipedia: no network, 429, several meanings, HTML, silence",
        [
            (WIKIPEDIA, "test_a_failure_is_an_observation"),
            (WIKIPEDIA, "test_a_name_of_several_things_lists_them"),
            (WIKIPEDIA, "test_an_answer_of_another_shape_finds_nothing"),
            (WIKIPEDIA, "test_without_a_network_the_run_goes_on"),
            (REACT, "test_a_tool_that_fails_does_not_end_the_run"),
        ],
    ),
    65: (
        "a search that finds nothing, an empty collection, sources that the model made up",
        [
            (SEARCH, "test_nothing_found_is_an_answer"),
            (STORED, "test_what_is_nothing_like_it_finds_nothing"),
            (ANSWERING, "test_without_a_passage_the_model_is_not_asked"),
            (ANSWERING, "test_passages_that_do_not_answer_give_a_refusal_without_sources"),
            (ANSWERING, "test_a_number_that_is_no_passage_is_no_citation_and_is_named"),
            (DOCS_ASK, "test_nothing_that_matches_is_a_refusal_without_a_model"),
        ],
    ),
    66: ("model ids", [("core/models/test_reference.py", "test_bad_references_are_one_clear_sentence")]),
    67: (
        "pickle, lying safetensors and GGUF",
        [
            (SAFETY, "test_pickle_weights_are_refused_and_never_opened"),
            (SAFETY, "test_lying_safetensors_are_refused"),
            (SAFETY, "test_lying_gguf_files_are_refused"),
            ("core/models/test_llamacpp.py", "test_damaged_files_are_refused_before_llama_cpp_reads_them"),
        ],
    ),
    68: (
        "remote code in configuration, huge tokenizers, template bombs",
        [
            (SAFETY, "test_a_configuration_that_asks_to_run_code_is_refused"),
            (SAFETY, "test_a_huge_tokenizer_is_refused_without_reading_it"),
            (CHAT, "test_a_bomb_is_stopped_and_the_next_prompt_still_works"),
        ],
    ),
    77: (
        "markup in model output, prompt files, runs",
        [
            (JOURNEY, "test_nothing_that_is_typed_becomes_markup"),
            (LIBRARY_JOURNEY, "test_nothing_in_a_file_takes_effect"),
            (LIBRARY_PAGE, "test_whatever_is_in_a_file_is_shown_letter_by_letter"),
            (LAB_PAGE, "test_whatever_a_model_wrote_is_shown_letter_by_letter"),
            (PLAYGROUND, "test_what_people_and_models_write_is_never_markdown"),
            ("pages/test_runs.py", "test_a_ticked_run_is_shown_in_full_and_letter_by_letter"),
            ("pages/test_untrusted.py", "test_message_boxes_get_plain_text"),
            (WIKIPEDIA, "test_nothing_of_the_answer_is_more_than_text"),
        ],
    ),
    79: ("a key is nowhere afterwards", [(ENDPOINT_CALLS, "test_the_key_is_nowhere_afterwards")]),
    80: ("formulas in exports", [("core/store/test_export.py", "test_cells_that_a_spreadsheet_would_run_are_defused")]),
}


@cache
def functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("case", CASES)
def test_every_case_has_its_tests(case: int) -> None:
    what, held_by = CASES[case]
    missing = [f"{file}::{name}" for file, name in held_by if name not in functions_in(file)]
    assert not missing, f"case {case} ({what}) names tests that are gone"


def test_the_groups_are_whole() -> None:
    assert {*range(25, 69)} <= set(CASES)
