# A deep Q-network with a frozen copy for its targets
# Mnih et al. (2015), Human-level control through deep reinforcement learning
X, X_next: 4 x m input
Y: 3 x m
r: 1 x m input
W: 5 x 4
V: 3 x 5
W_old: 5 x 4 frozen
V_old: 3 x 5 frozen
q = sum(Y * (V @ relu(W @ X)), axis=0)
target = r + 0.99 * max(V_old @ relu(W_old @ X_next), axis=0)
loss = huber(q, target)
