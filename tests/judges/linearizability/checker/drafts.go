package main

import (
	"slices"
	"strings"
)

const (
	stateKey = "(state)"
	partKey  = "part "
)

// Stages of a draft. A commit of all parts first closes it: it takes no more parts, and may still be discarded. Then a
// commit decides on its parts, and every later commit makes a version of these.
const (
	open      = ""
	closing   = "closing"
	decided   = "committing"
	committed = "committed"
	discarded = "discarded"
)

// stepDraft is the model of one draft. Of several that add a part at the same moment each may succeed, and one counts:
// until the commit, the part has all their values.
func stepDraft(state State, o Operation) []State {
	stage := state[stateKey]
	undecided := stage == open || stage == closing
	value, there := state[partKey+o.Part]
	add := func() State { return state.with(partKey+o.Part, strings.TrimPrefix(value+" "+o.Value, " ")) }
	switch o.Op + " " + o.Result {
	case "add ok":
		if !o.Done {
			return stays(state, there)
		}
		return becomes(stage == open, add)
	case "add conflict":
		return stays(state, stage != open)
	case "add maybe":
		if !undecided {
			return []State{state}
		}
		return []State{state, add()}
	case "decide ok":
		if next, can := decide(state, o.Parts); can {
			if o.Parts == nil {
				return []State{state, state.with(stateKey, closing), next}
			}
			return []State{state, next}
		}
		return []State{state}
	case "commit ok":
		asDecided := (stage == decided || stage == committed) && (o.Parts == nil || len(o.Parts) == len(partsOf(state)))
		return becomes(asDecided && oneOfEach(partsOf(state), o.Content), func() State {
			next := state.with(stateKey, committed)
			for part, value := range o.Content {
				next = next.with(partKey+part, value)
			}
			return next
		})
	case "commit missing":
		_, can := decide(state, o.Parts)
		return stays(state, !can)
	case "commit conflict":
		return stays(state, stage != open)
	case "commit maybe":
		if stage != decided {
			return []State{state}
		}
		return []State{state.with(stateKey, committed)}
	case "discard ok":
		if !o.Done {
			return stays(state, !undecided || len(state) == 0)
		}
		return becomes(undecided || stage == discarded, func() State { return state.with(stateKey, discarded) })
	case "discard conflict":
		return stays(state, stage != open)
	case "discard maybe":
		if !undecided {
			return []State{state}
		}
		return []State{state, state.with(stateKey, discarded)}
	case "state ok":
		return stays(state, stage == o.Got || stage == open && o.Got == "open" || stage == closing && o.Got == decided)
	case "listed ok":
		return stays(state, there == o.Done || stage != open)
	}
	return nil
}

// decide fixes the parts of an open draft: all that it has, or exactly these, which must be there.
func decide(state State, only []string) (State, bool) {
	parts := partsOf(state)
	if stage := state[stateKey]; stage != open && stage != closing || len(parts) == 0 {
		return state, false
	}
	for _, part := range only {
		if _, there := parts[part]; !there {
			return state, false
		}
	}
	next := State{stateKey: decided}
	for part, value := range parts {
		if only == nil || slices.Contains(only, part) {
			next[partKey+part] = value
		}
	}
	return next, true
}

// oneOfEach tells whether a version has exactly these parts, each with one of its values.
func oneOfEach(parts, content map[string]string) bool {
	if len(parts) != len(content) {
		return false
	}
	for part, value := range content {
		if !slices.Contains(strings.Fields(parts[part]), value) {
			return false
		}
	}
	return true
}

func partsOf(state State) map[string]string {
	parts := map[string]string{}
	for key, value := range state {
		if part, is := strings.CutPrefix(key, partKey); is {
			parts[part] = value
		}
	}
	return parts
}
