# Predict, then propagate by steps of personalised PageRank, nodes as columns
# Klicpera, Bojchevski and Günnemann (2019), Predict then propagate
P: 5 x 5 constant
X: 3 x 5 input
Y: 2 x 5
W1: 4 x 3
W2: 2 x 4
H = W2 @ relu(W1 @ X)
Z[0] = H
repeat k = 1..4:
    Z[k] = 0.9 * Z[k-1] @ P + 0.1 * H
loss = -sum(Y * log_softmax(Z[4]))
