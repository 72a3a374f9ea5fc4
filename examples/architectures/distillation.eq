# A student learns from a teacher's soft targets at a temperature, and from the labels
# Hinton, Vinyals and Dean (2015), Distilling the knowledge in a neural network
X: 4 x m
Y: 3 x m
W: 3 x 4
U: 6 x 4 frozen
V: 3 x 6 frozen
Z = W @ X
Q = softmax(V @ relu(U @ X) / 2)
soft = -sum(Q * log_softmax(Z / 2)) / m
hard = -sum(Y * log_softmax(Z)) / m
loss = 4 * soft + 0.5 * hard
