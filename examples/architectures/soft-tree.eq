# A soft decision tree of depth two
# Frosst and Hinton (2017), Distilling a neural network into a soft decision tree
X: 4 x m
Y: 3 x m
W: 3 x 4
b: 3 x 1
Q: 3 x 4
P = sigmoid(W @ X + b)
L1 = P[0:1] * P[1:2]
L2 = P[0:1] * (1 - P[1:2])
L3 = (1 - P[0:1]) * P[2:3]
L4 = (1 - P[0:1]) * (1 - P[2:3])
C = Y.T @ log_softmax(Q, axis=0)
loss = -sum(C.T * vstack(L1, L2, L3, L4)) / m
