# Prototypes: the mean of each class of a support set
# Snell, Swersky and Zemel (2017), Prototypical networks for few-shot learning
S: 4 x 6 input
Y_S: 3 x 6 target
X: 4 x m
Y: 3 x m
W: 5 x 4
b: 5 x 1
P = tanh(W @ S + b) @ Y_S.T / sum(Y_S, axis=1).T
Q = tanh(W @ X + b)
R = 2 * P.T @ Q - sum(P**2, axis=0).T - sum(Q**2, axis=0)
loss = -sum(Y * log_softmax(R)) / m
