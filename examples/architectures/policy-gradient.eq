# Reinforce with a baseline: the policy, and the value that is taken off the return
# Williams (1992), Simple statistical gradient-following algorithms for connectionist reinforcement learning
X: 4 x m
G: 1 x m input
Y: 3 x m
W: 3 x 4
v: 1 x 4
b = v @ X
L = sum(Y * log_softmax(W @ X), axis=0)
loss = mean((G - b)**2) - mean((G - stop(b)) * L)
