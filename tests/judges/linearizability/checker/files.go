package main

// stepFiles is the model of a few files. A move has two steps, in either order: "take" removes the content from its
// path, "put" gives it the other one. Both belong to it by their Move, and one that succeeded made both, with one content.
// A move that failed may have taken the content for a while, and brings it "back" unless something was saved there
// meanwhile. Of a move with an unknown result, any step may take effect at any time.
func stepFiles(state State, o Operation) []State {
	value, there := state[o.Path]
	set := func() State { return state.with(o.Path, o.Value) }
	switch o.Op + " " + o.Result {
	case "save ok":
		return becomes(o.Mode != "create" || !there, set)
	case "save exists":
		return stays(state, o.Mode == "create" && there)
	case "save maybe":
		if o.Mode == "create" && there {
			return []State{state}
		}
		return []State{set()}
	case "delete ok":
		if !o.Done {
			return stays(state, !there)
		}
		return becomes(there, func() State { return state.without(o.Path) })
	case "delete maybe":
		return []State{state.without(o.Path)}
	case "read ok":
		return stays(state, there && value == o.Got)
	case "read missing":
		return stays(state, !there)
	case "listed ok":
		return stays(state, there == o.Done)
	case "move missing":
		return stays(state, !there)
	case "move exists":
		_, taken := state[o.To]
		return stays(state, taken)
	case "take ok":
		return take(state, o)
	case "put ok":
		return put(state, o)
	case "borrow ok":
		return borrow(state, o)
	case "back ok":
		return back(state, o)
	case "take maybe":
		return append(take(state, o), state)
	case "put maybe":
		return append(append(put(state, o), back(state, o)...), state)
	}
	return nil
}

func take(state State, o Operation) []State {
	value, there := state[o.Path]
	moved, begun := state[o.Move]
	switch {
	case !there || begun && moved != value:
		return nil
	case begun:
		return []State{state.without(o.Path).without(o.Move)}
	}
	return []State{state.without(o.Path).with(o.Move, value)}
}

func put(state State, o Operation) []State {
	if _, taken := state[o.To]; taken {
		return nil
	}
	if moved, begun := state[o.Move]; begun {
		return []State{state.with(o.To, moved).without(o.Move)}
	}
	if value, there := state[o.Path]; there {
		return []State{state.with(o.To, value).with(o.Move, value)}
	}
	return nil
}

const over = "(over)"

func borrow(state State, o Operation) []State {
	if state[o.Move] == over {
		return []State{state.without(o.Move)}
	}
	untouched := state.with(o.Move, over)
	if value, there := state[o.Path]; there {
		return []State{untouched, state.without(o.Path).with(o.Move, value)}
	}
	return []State{untouched}
}

func back(state State, o Operation) []State {
	moved, begun := state[o.Move]
	switch {
	case !begun:
		return []State{state.with(o.Move, over)}
	case moved == over:
		return []State{state.without(o.Move)}
	}
	if _, there := state[o.Path]; there {
		return []State{state.without(o.Move)}
	}
	return []State{state.with(o.Path, moved).without(o.Move)}
}
